import Domain
import Wire

/// The admission queue of a gateway, which all its pipelines share: requests are let in, computed, and leave.
public actor Admissions {
    private let fleet: Fleet
    private var queue: AdmissionQueue
    private var before = DoorRefusals()

    /// - Parameter limit: requests in the gateway at most.
    public init(fleet: Fleet, limit: Int) {
        self.fleet = fleet
        queue = AdmissionQueue(limit: limit)
    }

    /// Requests that the queue has turned away.
    var refused: Int { queue.refused }
    /// The same, and those that did not come so far.
    var refusals: DoorRefusals { before + queue.refusals }
    /// Requests in the gateway.
    package var count: Int { queue.count }

    /// Runs what decides whether a request comes to the queue; what it throws is counted.
    nonisolated func deciding<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch {
            await refused(error)
            throw error
        }
    }

    private func refused(_ error: any Error) { before.count(error) }

    /// Runs `body` with the request's turn.
    /// - Parameters:
    ///   - units: what the request asks of each kind of stage.
    ///   - models: that compute it.
    ///   - requester: whose turn it is among others.
    ///   - deadline: the caller's.
    /// - Throws: as ``AdmissionQueue/enter(_:by:model:cost:finish:left:)``, and what `body` throws.
    func admitting<R: Sendable>(
        _ units: [StageKind: Forecast.Units], of models: ModelSet, by requester: Caller, deadline: ContinuousClock.Instant?,
        _ body: @Sendable (FairOrder.Turn) async throws -> R
    ) async throws -> R {
        let outlook = await fleet.outlook(units, models, ahead: queue.ahead(of: requester, model: models.name))
        let left = deadline.map { ContinuousClock.now.duration(to: $0).inSeconds }
        let turn = try queue.enter(
            units, by: requester, model: models.name, cost: outlook?.cost ?? 1, finish: outlook?.finish, left: left)
        var isDone = false
        defer { queue.leave(turn, isDone: isDone) }
        let result = try await body(turn)
        isDone = true
        return result
    }

    /// Where a request stands that waits for a stage.
    /// - Parameter ahead: requests that go first there.
    func place(_ turn: FairOrder.Turn, of models: ModelSet, ahead: Int) async -> LinePlace {
        guard let rest = queue.remainder(of: turn) else { return LinePlace(ahead: ahead) }
        return LinePlace(ahead: ahead, seconds: await fleet.outlook(rest.units, models, ahead: rest.ahead)?.finish ?? 0)
    }

    /// The request has come to a kind of stage.
    func reached(_ kind: StageKind, _ turn: FairOrder.Turn) { queue.reached(kind, turn) }
}
