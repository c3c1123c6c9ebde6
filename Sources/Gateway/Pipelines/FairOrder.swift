package import Wire

/// The order in which requests of several callers are served: start-time fair queueing, as a value without clocks.
///
/// A request's turn begins where the turn of its caller's last one ends, but not before the virtual time, which advances by the work that is
/// done, divided among the callers present by their weights. So a caller with one request goes before the second of a caller with many, nobody saves up
/// turns while it asks for nothing, and however many callers come, each that waits gets its turn. A request of a caller with weight 2 takes half the
/// turn, so that of two who always ask that caller gets two thirds.
package struct FairOrder: Sendable {
    /// A request's place in the order, the same in all stages; the smaller goes first.
    package struct Turn: Sendable, Hashable, Comparable {
        let start: Double
        let arrival: Int

        package init(start: Double = 0, arrival: Int) {
            self.start = start
            self.arrival = arrival
        }

        package static func < (a: Turn, b: Turn) -> Bool { (a.start, a.arrival) < (b.start, b.arrival) }
    }

    private struct Share: Sendable {
        /// Where the turn of its last request ends.
        var end: Double
        let weight: Double
        var requests = 0
    }

    /// By identity: what a key allows may change between two requests.
    private var shares: [String: Share] = [:]
    /// Of all of them.
    private var weight = 0.0
    private var virtualTime = 0.0
    private var arrivals = 0

    package init() {}

    /// Callers that have requests.
    package var callers: Int { shares.count }

    package func requests(of caller: Caller) -> Int { shares[caller.identity]?.requests ?? 0 }

    /// The turn of a request that would arrive now.
    package func next(_ caller: Caller) -> Turn { Turn(start: max(virtualTime, shares[caller.identity]?.end ?? 0), arrival: arrivals + 1) }

    /// - Parameter cost: what the request takes of the fleet, compared with others.
    package mutating func enter(_ caller: Caller, cost: Double) -> Turn {
        let turn = next(caller)
        arrivals += 1
        let requests = requests(of: caller) + 1
        weight += caller.weight - (shares[caller.identity]?.weight ?? 0)
        shares[caller.identity] = Share(end: turn.start + cost / caller.weight, weight: caller.weight, requests: requests)
        return turn
    }

    /// - Parameter work: what it has taken of the fleet; 0 of one that was given up, so that who comes and leaves moves nobody's turn.
    package mutating func leave(_ caller: Caller, work: Double) {
        guard var share = shares[caller.identity] else { return }
        virtualTime += work / weight
        share.requests -= 1
        shares[caller.identity] = share.requests > 0 ? share : nil
        if share.requests == 0 { weight -= share.weight }
        // What weights leave of each other's last bits goes with the last caller.
        if shares.isEmpty { (virtualTime, weight) = (0, 0) }
    }
}
