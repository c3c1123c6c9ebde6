package import Domain
package import Wire

/// Who gets which slot of which stage, and who waits: the decisions, without clocks or sockets.
///
/// One queue for each kind of stage, in the order of the requests' turns, not of their coming to the queue: a request whose turn is earlier
/// goes first in every stage, and one that lost its stage keeps its turn.
package struct SlotScheduler: Sendable {
    package typealias ID = Int

    package struct Assignment: Sendable, Hashable {
        package let id: ID
        package let address: Address
    }

    private struct Holder: Sendable, Hashable {
        let request: SlotRequest
        let address: Address
        var isSpare = false
    }

    /// A request's place in the queue of its kind.
    private struct Place: Sendable, Hashable, Comparable {
        let turn: FairOrder.Turn
        let id: ID

        static func < (a: Place, b: Place) -> Bool { (a.turn, a.id) < (b.turn, b.id) }
    }

    private var waiting: [ID: SlotRequest] = [:]
    /// Those who wait, sorted.
    private var queues: [StageKind: [Place]] = [:]
    private var holding: [ID: Holder] = [:]
    private var last: ID = 0
    private var known: [Address: KnownLoad] = [:]
    private let leastLoaded: LeastLoaded

    package init(_ leastLoaded: LeastLoaded = LeastLoaded()) { self.leastLoaded = leastLoaded }

    /// A stage tells how many requests it has, of all gateways; nil: it tells no longer.
    package mutating func tells(_ address: Address, _ requests: Int?) { known[address] = requests.map(KnownLoad.init) }

    /// Requests that wait for a stage of the kind.
    package func waiting(_ kind: StageKind) -> Int { queues[kind]?.count ?? 0 }
    /// Requests in slots of the kind.
    package func running(_ kind: StageKind) -> Int { holding.values.count { $0.request.kind == kind } }
    /// Requests in slots of a stage.
    package func running(at address: Address) -> Int { holding.values.count { $0.address == address } }

    /// Further back nobody is told a place: all places change with each that is served, and thousands may wait.
    private static let placesTold = 256

    /// The first who wait for a stage of the kind, with how many requests of the same model go before each.
    package func places(_ kind: StageKind) -> [(id: ID, ahead: Int)] {
        // Calls of one request stand one behind the other.
        var last: [String: (turn: FairOrder.Turn, ahead: Int)] = [:]
        return (queues[kind] ?? []).prefix(Self.placesTold).compactMap { place in
            guard let model = waiting[place.id]?.modelName else { return nil }
            let ahead = last[model].map { $0.turn == place.turn ? $0.ahead : $0.ahead + 1 } ?? 0
            last[model] = (place.turn, ahead)
            return (place.id, ahead)
        }
    }

    package mutating func enqueue(_ request: SlotRequest) -> ID {
        last += 1
        let place = Place(turn: request.turn, id: last)
        waiting[last] = request
        queues[request.kind, default: []].insert(place, at: index(of: place, request.kind))
        return last
    }

    /// Those who wait for a stage of a model that had the fingerprint `old` wait for one that has `new` from now on. Another model may have
    /// the same fingerprint for this kind; who waits for that one goes on to.
    package mutating func move(_ kind: StageKind, of name: String, from old: String, to new: String) {
        for (id, request) in waiting where request.kind == kind && request.modelName == name && request.model == old { waiting[id]?.model = new }
    }

    /// The slot is free again, or nobody waits for it any more.
    package mutating func release(_ id: ID) {
        dequeue(id)
        holding[id] = nil
    }

    /// A slot for work that is not worth waiting for: one that is free while nobody waits for its kind.
    package mutating func takeSpare(_ request: SlotRequest, _ registry: Registry) -> Assignment? {
        guard waiting(request.kind) == 0 else { return nil }
        var reserved: Set<Address> = []
        let serving = registry.candidates(request.kind, model: request.model)
        guard let address = choose(request, serving, registry, &reserved, { _ in 1 }) else { return nil }
        last += 1
        hold(last, Holder(request: request, address: address, isSpare: true))
        return Assignment(id: last, address: address)
    }

    /// Spare slots of kinds that somebody waits for.
    package var wantedSpares: [ID] { holding.filter { $0.value.isSpare && waiting($0.value.request.kind) > 0 }.map(\.key) }

    /// Slots for those whose turn it is.
    /// - Parameter seconds: how long a request is in a slot of the stage, as far as is known.
    package mutating func assign(_ registry: Registry, seconds: (Registry.Replica) -> Double = { _ in 1 }) -> [Assignment] {
        StageKind.allCases.flatMap { assign($0, registry, seconds) }
    }

    private mutating func assign(_ kind: StageKind, _ registry: Registry, _ seconds: (Registry.Replica) -> Double) -> [Assignment] {
        guard waiting(kind) > 0 else { return [] }
        // However many wait, there is nothing to do once the last slot is taken.
        var free = registry.candidates(kind, model: nil).reduce(0) { $0 + max(0, $1.slots - running(at: $1.address)) }
        var candidates: [String?: [Registry.Replica]] = [:]
        var reserved: Set<Address> = []
        var assignments: [Assignment] = []
        for place in queues[kind] ?? [] {
            if free == 0 { break }
            guard let request = waiting[place.id] else { continue }
            let serving = candidates[request.model] ?? registry.candidates(kind, model: request.model)
            candidates[request.model] = serving
            guard let address = choose(request, serving, registry, &reserved, seconds) else { continue }
            dequeue(place.id)
            hold(place.id, Holder(request: request, address: address))
            assignments.append(Assignment(id: place.id, address: address))
            free -= 1
        }
        return assignments
    }

    /// - Parameter reserved: stages that are emptied for a request before: nobody behind it gets in there.
    private func choose(
        _ request: SlotRequest, _ serving: [Registry.Replica], _ registry: Registry, _ reserved: inout Set<Address>,
        _ seconds: (Registry.Replica) -> Double
    ) -> Address? {
        let able = serving.filter { $0.allows(request) }
        let fresh = able.filter { !request.avoid.contains($0.incarnation) }
        let alike = registry.choice(of: fresh.isEmpty ? able : fresh, for: request)
        let usable = alike.filter { !reserved.contains($0.address) && !isIsolated($0.address) }
        guard request.isolated else {
            let free = usable.filter { running(at: $0.address) < $0.slots }
            return leastLoaded.choose(free.map(load)) { seconds(free[$0]) }.map { free[$0].address }
        }
        guard let replica = usable.min(by: { running(at: $0.address) < running(at: $1.address) }) else { return nil }
        guard running(at: replica.address) > 0 else { return replica.address }
        reserved.insert(replica.address)
        return nil
    }

    private func load(_ replica: Registry.Replica) -> LeastLoaded.Load {
        let own = running(at: replica.address)
        return LeastLoaded.Load(requests: known[replica.address]?.requests(own: own) ?? own, slots: replica.slots)
    }

    private mutating func hold(_ id: ID, _ holder: Holder) {
        holding[id] = holder
        known[holder.address]?.sends()
    }

    private func isIsolated(_ address: Address) -> Bool { holding.values.contains { $0.address == address && $0.request.isolated } }

    private mutating func dequeue(_ id: ID) {
        guard let request = waiting.removeValue(forKey: id) else { return }
        let index = index(of: Place(turn: request.turn, id: id), request.kind)
        queues[request.kind]?.remove(at: index)
    }

    /// Where a place is in its queue, or would be.
    private func index(of place: Place, _ kind: StageKind) -> Int {
        let queue = queues[kind] ?? []
        var low = 0, high = queue.count
        while low < high {
            let middle = (low + high) / 2
            if queue[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
