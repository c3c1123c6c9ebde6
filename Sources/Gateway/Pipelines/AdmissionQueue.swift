package import Domain
package import Wire

/// Who is let into the gateway, and in which order: the decisions, without clocks.
///
/// Every request in the gateway has its turn in the order that is fair to all callers, until it is done or gone.
package struct AdmissionQueue: Sendable {
    private struct Member: Sendable {
        let caller: Caller
        let model: String
        let cost: Double
        /// What it still asks of each kind of stage.
        var units: [StageKind: Forecast.Units]
    }

    /// Requests in the gateway at most.
    package let limit: Int
    private var members: [FairOrder.Turn: Member] = [:]
    /// By model: only its own stages compute a request.
    private var sums: [String: TurnSums] = [:]
    private var order = FairOrder()
    package private(set) var refusals = DoorRefusals()
    /// Requests that it has turned away.
    package var refused: Int { refusals.total }

    package init(limit: Int) { self.limit = limit }

    package var count: Int { members.count }

    /// The last places are for callers that hold few: one that has many requests does not keep others out.
    private var reserved: Int { limit / 4 }

    /// What would be served before a request of the caller that arrives now, by the stages of the same model.
    package func ahead(of caller: Caller, model: String) -> [StageKind: Forecast.Line] { ahead(of: order.next(caller), model) }

    /// What a request still asks of each kind of stage, and what is served before it.
    package func remainder(of turn: FairOrder.Turn) -> (units: [StageKind: Forecast.Units], ahead: [StageKind: Forecast.Line])? {
        members[turn].map { ($0.units, ahead(of: turn, $0.model)) }
    }

    private func ahead(of turn: FairOrder.Turn, _ model: String) -> [StageKind: Forecast.Line] { sums[model]?.before(turn).lines ?? [:] }

    /// - Parameters:
    ///   - units: what the request asks of each kind of stage.
    ///   - model: name of the model that computes it.
    ///   - cost: what it takes of the fleet, compared with a usual request of the model, which is 1 also while nothing is known: one scale for all turns.
    ///   - finish: seconds until a request like this that arrives now is done; nil when nothing is known.
    ///   - left: seconds until the caller's deadline; nil: none.
    /// - Returns: its turn.
    /// - Throws: RESOURCE_EXHAUSTED with the place it would have had; DEADLINE_EXCEEDED when it could not be done in time.
    package mutating func enter(
        _ units: [StageKind: Forecast.Units], by caller: Caller, model: String, cost: Double = 1, finish: Double?, left: Double?
    ) throws(CallError) -> FairOrder.Turn {
        let next = order.next(caller)
        if let full = fullness(caller) {
            refusals.count(count < limit ? .share : .full)
            let wait = finish.map { "; place \(place(next)) would be done in about \(Forecast.text($0))" } ?? ""
            throw CallError(
                .resourceExhausted, full + wait, retryAfter: .milliseconds(Int64(1000 * min(max((finish ?? 1) / Double(limit), 0.1), 60))))
        }
        if let finish, let left, finish > left {
            refusals.count(.deadline)
            throw CallError(
                .deadlineExceeded,
                "the deadline can't be met: place \(place(next)) would be done in about \(Forecast.text(finish)), the deadline is in \(Forecast.text(left))",
                retryAfter: .milliseconds(Int64(1000 * min(max(finish - left, 0.1), 60))))
        }
        let turn = order.enter(caller, cost: cost)
        members[turn] = Member(caller: caller, model: model, cost: cost, units: units)
        sums[model, default: TurnSums()].set(turn, units)
        return turn
    }

    /// Of a turn among all requests.
    private func place(_ turn: FairOrder.Turn) -> Int { sums.values.reduce(1) { $0 + $1.before(turn).count } }

    /// The request has come to a kind of stage: it is past those before.
    package mutating func reached(_ kind: StageKind, _ turn: FairOrder.Turn) {
        guard let member = members[turn] else { return }
        let units = member.units.filter { $0.key >= kind }
        members[turn]?.units = units
        sums[member.model]?.set(turn, units)
    }

    /// - Parameter isDone: it was computed.
    package mutating func leave(_ turn: FairOrder.Turn, isDone: Bool) {
        guard let member = members.removeValue(forKey: turn) else { return }
        sums[member.model]?.remove(turn)
        if sums[member.model]?.isEmpty == true { sums[member.model] = nil }
        order.leave(member.caller, work: isDone ? member.cost : 0)
    }

    /// Why there is no place for the caller; nil: there is one.
    private func fullness(_ caller: Caller) -> String? {
        guard count < limit else { return "gateway is full: \(count) of \(limit) requests in flight" }
        let held = order.requests(of: caller)
        let share = max(1, limit / (order.callers + 1))
        guard count >= limit - reserved, held >= share else { return nil }
        return "gateway is nearly full: \(count) of \(limit) requests in flight, \(held) of them yours; the last \(reserved) places are for callers "
            + "with fewer than \(share)"
    }
}
