package import Domain
package import Wire

/// Who gets which slot of which stage, and who waits: the decisions, without clocks or sockets.
///
/// Requests go in the order of their turns, not of their coming to the queue: a request whose turn is earlier goes first in every stage, and one
/// that lost its stage keeps its turn. What a change costs grows neither with the stages nor with those who wait, but with the kinds of either:
/// with ``SlotPools`` and ``WaitingLines``.
package struct SlotScheduler: Sendable {
    package typealias ID = Int

    package struct Assignment: Sendable, Hashable {
        package let id: ID
        package let address: Address
    }

    private struct Holder: Sendable, Hashable {
        let kind: StageKind
        let address: Address
        let isAlone: Bool
    }

    /// The first of a line who has not been looked at.
    private struct Head: Sendable, Hashable, Comparable {
        let place: WaitingLines.Place
        let line: Int

        static func < (a: Head, b: Head) -> Bool { a.place < b.place }
    }

    private var lines = WaitingLines()
    private var pools: SlotPools
    private var holding: [ID: Holder] = [:]
    private var spares: Set<ID> = []
    private var counts: [StageKind: Int] = [:]
    private var last: ID = 0
    private var heads = 0

    package init(_ leastLoaded: LeastLoaded = LeastLoaded()) { pools = SlotPools(leastLoaded) }

    /// Requests that wait for a stage of the kind.
    package func waiting(_ kind: StageKind) -> Int { lines.count(kind) }
    /// Requests in slots of the kind.
    package func running(_ kind: StageKind) -> Int { counts[kind] ?? 0 }
    /// Requests in slots of a stage.
    package func running(at address: Address) -> Int { pools.running(at: address) }
    /// How many stages, kinds of stages and kinds of requests were looked at so far: what decisions cost.
    package var looks: Int { pools.looks + heads }

    /// What those who wait ask for, each once.
    var wishes: [SlotRequest] { StageKind.allCases.flatMap { lines.wishes($0).map(\.request) } }

    /// Further back nobody is told a place: all places change with each that is served, and thousands may wait.
    private static let placesTold = 256

    /// The first who wait for a stage of the kind, with how many requests of the same model go before each.
    package func places(_ kind: StageKind) -> [(id: ID, ahead: Int)] {
        // Calls of one request stand one behind the other.
        var last: [String: (turn: FairOrder.Turn, ahead: Int)] = [:]
        return lines.first(Self.placesTold, kind).compactMap { place in
            guard let model = lines[place.id]?.modelName else { return nil }
            let ahead = last[model].map { $0.turn == place.turn ? $0.ahead : $0.ahead + 1 } ?? 0
            last[model] = (place.turn, ahead)
            return (place.id, ahead)
        }
    }

    // MARK: What changes

    /// Stages that are not what they were, as they are now.
    package mutating func know(_ changed: Set<Address>, _ registry: Registry) {
        for address in changed { pools.know(address, registry.replicas[address].map(StageSeat.init)) }
        for kind in StageKind.allCases { lines.know(kind, stepCaches: pools.stepCaches(kind)) }
    }

    /// A stage tells how many requests it has, of all gateways; nil: it tells no longer.
    package mutating func tells(_ address: Address, _ requests: Int?) { pools.tells(address, requests) }

    package mutating func enqueue(_ request: SlotRequest) -> ID {
        last += 1
        lines.add(request, last)
        return last
    }

    /// Those who wait for a stage of a model that had the fingerprint `old` wait for one that has `new` from now on. Another model may have
    /// the same fingerprint for this kind; who waits for that one goes on to.
    package mutating func move(_ kind: StageKind, of name: String, from old: String, to new: String) {
        lines.move(kind) {
            $0.request.modelName == name && $0.request.model == old
        } _: {
            $0.model = new
        }
    }

    /// The slot is free again, or nobody waits for it any more.
    package mutating func release(_ id: ID) {
        lines.remove(id)
        spares.remove(id)
        guard let holder = holding.removeValue(forKey: id) else { return }
        counts[holder.kind, default: 0] -= 1
        pools.giveBack(holder.address, alone: holder.isAlone)
    }

    // MARK: Who gets what

    /// A slot for work that is not worth waiting for: one that is free while nobody waits for its kind.
    package mutating func takeSpare(_ request: SlotRequest, _ registry: Registry) -> Assignment? {
        guard waiting(request.kind) == 0, case .slot(let address) = pools.offer(request, registry) else { return nil }
        last += 1
        spares.insert(last)
        return hold(last, request, address)
    }

    /// Spare slots of kinds that somebody waits for.
    package var wantedSpares: [ID] { spares.filter { id in holding[id].map { waiting($0.kind) > 0 } ?? false } }

    /// Slots for those whose turn it is.
    /// - Parameter registry: of the stages that it knows.
    package mutating func assignments(_ registry: Registry) -> [Assignment] { StageKind.allCases.flatMap { assignments($0, registry) } }

    private mutating func assignments(_ kind: StageKind, _ registry: Registry) -> [Assignment] {
        // However many wait, there is nothing to do once the last slot is taken.
        guard waiting(kind) > 0, pools.hasFree(kind) else { return [] }
        let wishes = lines.wishes(kind)
        var next = OrderedList<Head>()
        for (line, wish) in wishes.enumerated() { if let place = lines.next(wish) { next.insert(Head(place: place, line: line)) } }
        var reserved: Set<Address> = []
        var assignments: [Assignment] = []
        while pools.hasFree(kind), let head = next.popFirst() {
            heads += 1
            let wish = wishes[head.line]
            guard let request = lines[head.place.id], let offer = pools.offer(wish.request, registry, reserved: reserved) else { continue }
            let behind = lines.next(wish, after: head.place)
            switch offer {
            case .slot(let address):
                lines.remove(head.place.id)
                assignments.append(hold(head.place.id, request, address))
            case .soon(let address): reserved.insert(address)
            }
            if let behind { next.insert(Head(place: behind, line: head.line)) }
        }
        return assignments
    }

    private mutating func hold(_ id: ID, _ request: SlotRequest, _ address: Address) -> Assignment {
        holding[id] = Holder(kind: request.kind, address: address, isAlone: request.isolated)
        counts[request.kind, default: 0] += 1
        pools.take(address, alone: request.isolated)
        return Assignment(id: id, address: address)
    }
}
