package import Domain
package import Wire

/// Who gets which slot of which stage, and who waits: the decisions, without clocks or sockets.
///
/// One line before each kind of stage, in the order in which the requests came to the gateway, not to the line: a request that
/// was here first goes first in every stage, and one that lost its stage keeps its place.
package struct Dispatch: Sendable {
    package typealias ID = Int

    /// A wish for a slot.
    package struct Wish: Sendable, Hashable {
        package var kind: StageKind
        /// Of the request: the smaller goes first.
        package var arrival: Int
        /// Fingerprint of the model; nil: any.
        package var model: String?
        /// Processes that have failed this request.
        package var avoid: Set<Registry.Incarnation>
        /// It may have ended stages: nobody else is to share its fate.
        package var alone: Bool

        package init(kind: StageKind, arrival: Int, model: String? = nil, avoid: Set<Registry.Incarnation> = [], alone: Bool = false) {
            self.kind = kind
            self.arrival = arrival
            self.model = model
            self.avoid = avoid
            self.alone = alone
        }
    }

    package struct Assignment: Sendable, Hashable {
        package let id: ID
        package let address: Address
    }

    private struct Holder: Sendable, Hashable {
        let wish: Wish
        let address: Address
    }

    private var waiting: [ID: Wish] = [:]
    private var holding: [ID: Holder] = [:]
    private var last: ID = 0

    package init() {}

    /// Requests that wait for a stage of the kind.
    package func waiting(_ kind: StageKind) -> Int { waiting.values.count { $0.kind == kind } }
    /// Requests in slots of the kind.
    package func running(_ kind: StageKind) -> Int { holding.values.count { $0.wish.kind == kind } }
    /// Requests in slots of a stage.
    package func running(at address: Address) -> Int { holding.values.count { $0.address == address } }

    package mutating func wish(_ wish: Wish) -> ID {
        last += 1
        waiting[last] = wish
        return last
    }

    /// Those who wait for a stage of the kind wait for this model from now on.
    package mutating func move(_ kind: StageKind, to model: String) {
        for (id, wish) in waiting where wish.kind == kind && wish.model != nil { waiting[id]!.model = model }
    }

    /// The slot is free again, or the wish is given up.
    package mutating func leave(_ id: ID) {
        waiting[id] = nil
        holding[id] = nil
    }

    /// Slots for those whose turn it is.
    /// - Parameter seconds: how long a request is in a slot of the stage, as far as is known.
    package mutating func assign(_ registry: Registry, seconds: (Registry.Replica) -> Double = { _ in 1 }) -> [Assignment] {
        var assignments: [Assignment] = []
        for kind in StageKind.allCases {
            var reserved: Set<Address> = []
            let line = waiting.filter { $0.value.kind == kind }.sorted { ($0.value.arrival, $0.key) < ($1.value.arrival, $1.key) }
            for (id, wish) in line {
                let serving = registry.candidates(kind, model: wish.model)
                let fresh = serving.filter { !wish.avoid.contains($0.incarnation) }
                let usable = (fresh.isEmpty ? serving : fresh).filter { !reserved.contains($0.address) && !isHeldAlone($0.address) }
                if wish.alone {
                    // A stage is emptied for it: nobody behind it gets in there.
                    guard let replica = usable.min(by: { running(at: $0.address) < running(at: $1.address) }) else { continue }
                    guard running(at: replica.address) == 0 else {
                        reserved.insert(replica.address)
                        continue
                    }
                    assignments.append(hold(id, wish, replica.address))
                } else {
                    // Expected finish: slots work side by side, so what counts is how full they are.
                    let free = usable.filter { running(at: $0.address) < $0.slots }
                    func load(_ replica: Registry.Replica) -> Double {
                        Double(running(at: replica.address) + 1) / Double(replica.slots) * seconds(replica)
                    }
                    guard let replica = free.min(by: { load($0) < load($1) }) else { continue }
                    assignments.append(hold(id, wish, replica.address))
                }
            }
        }
        return assignments
    }

    private func isHeldAlone(_ address: Address) -> Bool { holding.values.contains { $0.address == address && $0.wish.alone } }

    private mutating func hold(_ id: ID, _ wish: Wish, _ address: Address) -> Assignment {
        waiting[id] = nil
        holding[id] = Holder(wish: wish, address: address)
        return Assignment(id: id, address: address)
    }
}
