package import Domain
package import Wire

/// Who gets which slot of which stage, and who waits: the decisions, without clocks or sockets.
///
/// One queue for each kind of stage, in the order in which the requests came to the gateway, not to the queue: a request that
/// was here first goes first in every stage, and one that lost its stage keeps its place.
package struct SlotScheduler: Sendable {
    package typealias ID = Int

    package struct Assignment: Sendable, Hashable {
        package let id: ID
        package let address: Address
    }

    private struct Holder: Sendable, Hashable {
        let request: SlotRequest
        let address: Address
    }

    private var waiting: [ID: SlotRequest] = [:]
    private var holding: [ID: Holder] = [:]
    private var last: ID = 0

    package init() {}

    /// Requests that wait for a stage of the kind.
    package func waiting(_ kind: StageKind) -> Int { waiting.values.count { $0.kind == kind } }
    /// Requests in slots of the kind.
    package func running(_ kind: StageKind) -> Int { holding.values.count { $0.request.kind == kind } }
    /// Requests in slots of a stage.
    package func running(at address: Address) -> Int { holding.values.count { $0.address == address } }

    package mutating func enqueue(_ request: SlotRequest) -> ID {
        last += 1
        waiting[last] = request
        return last
    }

    /// Those who wait for a stage of a model that had the fingerprint `old` wait for one that has `new` from now on. Another model may have
    /// the same fingerprint for this kind; who waits for that one goes on to.
    package mutating func move(_ kind: StageKind, of name: String, from old: String, to new: String) {
        for (id, request) in waiting where request.kind == kind && request.modelName == name && request.model == old { waiting[id]?.model = new }
    }

    /// The slot is free again, or nobody waits for it any more.
    package mutating func release(_ id: ID) {
        waiting[id] = nil
        holding[id] = nil
    }

    /// Slots for those whose turn it is.
    /// - Parameter seconds: how long a request is in a slot of the stage, as far as is known.
    package mutating func assign(_ registry: Registry, seconds: (Registry.Replica) -> Double = { _ in 1 }) -> [Assignment] {
        var assignments: [Assignment] = []
        for kind in StageKind.allCases {
            var reserved: Set<Address> = []
            let queue = waiting.filter { $0.value.kind == kind }.sorted { ($0.value.arrival, $0.key) < ($1.value.arrival, $1.key) }
            for (id, request) in queue {
                let serving = registry.candidates(kind, model: request.model)
                let fresh = serving.filter { !request.avoid.contains($0.incarnation) }
                let usable = (fresh.isEmpty ? serving : fresh).filter { !reserved.contains($0.address) && !isIsolated($0.address) }
                if request.isolated {
                    // A stage is emptied for it: nobody behind it gets in there.
                    guard let replica = usable.min(by: { running(at: $0.address) < running(at: $1.address) }) else { continue }
                    guard running(at: replica.address) == 0 else {
                        reserved.insert(replica.address)
                        continue
                    }
                    assignments.append(hold(id, request, replica.address))
                } else {
                    // Expected finish: slots work side by side, so what counts is how full they are.
                    let free = usable.filter { running(at: $0.address) < $0.slots }
                    func load(_ replica: Registry.Replica) -> Double {
                        Double(running(at: replica.address) + 1) / Double(replica.slots) * seconds(replica)
                    }
                    guard let replica = free.min(by: { load($0) < load($1) }) else { continue }
                    assignments.append(hold(id, request, replica.address))
                }
            }
        }
        return assignments
    }

    private func isIsolated(_ address: Address) -> Bool { holding.values.contains { $0.address == address && $0.request.isolated } }

    private mutating func hold(_ id: ID, _ request: SlotRequest, _ address: Address) -> Assignment {
        waiting[id] = nil
        holding[id] = Holder(request: request, address: address)
        return Assignment(id: id, address: address)
    }
}
