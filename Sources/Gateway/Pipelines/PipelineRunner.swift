package import Domain
import ServerKit
package import Wire

/// Takes requests of any pipeline through the fleet: lets them in, and has their stages called.
public struct PipelineRunner: Sendable {
    let fleet: Fleet
    let timing: FleetTiming
    package let admissions: Admissions
    let energy = EnergyAccount()
    private let encoded = EncodedPictures()
    private let rows = RowBudget()

    /// - Parameter limit: requests in the gateway at most.
    public init(fleet: Fleet, timing: FleetTiming = FleetTiming(), limit: Int) {
        self.fleet = fleet
        self.timing = timing
        admissions = Admissions(fleet: fleet, limit: limit)
    }

    var encoderCache: (hits: Int, misses: Int) { get async { await encoded.counts } }

    /// Who asks, and until when.
    package struct Origin: Sendable {
        let requestID: String
        /// When the request came.
        let arrival: ContinuousClock.Instant
        /// Whose turn it is among others.
        let requester: Caller
        let deadline: ContinuousClock.Instant?

        package init(requestID: String, arrival: ContinuousClock.Instant, requester: Caller, deadline: ContinuousClock.Instant?) {
            self.requestID = requestID
            self.arrival = arrival
            self.requester = requester
            self.deadline = deadline
        }
    }

    /// A request's place is given back when its work is done or has failed, whatever its caller has taken by then.
    ///
    /// - Parameters:
    ///   - units: what the request asks of each kind of stage.
    ///   - models: that compute it.
    ///   - rowCount: rows of images that it holds while it is computed.
    ///   - accepted: called once, before all others.
    ///   - place: called in order with `tell`, while the request waits for a stage.
    ///   - tell: called in order. What these three throw ends the work.
    package func run<P: Pipeline>(
        _ pipeline: P, _ units: [StageKind: Forecast.Units], _ models: ModelSet, from origin: Origin, rowCount: Int = 0,
        accepted: @Sendable () async throws -> Void, place: Send<LinePlace>, tell: Send<P.News>
    ) async throws -> P.Response {
        let news = EventBuffer<News<P>>(merging: News.merge)
        async let response = {
            defer { news.finish() }
            return try await compute(pipeline, units, models, from: origin, rowCount: rowCount, news)
        }()
        for await batch in news {
            for item in batch {
                switch item {
                case .accepted: try await accepted()
                case .place(let value): try await place(value)
                case .work(let value): try await tell(value)
                }
            }
        }
        return try await response
    }

    /// With a place in the line of requests.
    private func compute<P: Pipeline>(
        _ pipeline: P, _ units: [StageKind: Forecast.Units], _ models: ModelSet, from origin: Origin, rowCount: Int, _ news: EventBuffer<News<P>>
    ) async throws -> P.Response {
        try await admissions.admitting(units, of: models, by: origin.requester, deadline: origin.deadline) { turn in
            news.append(.accepted)
            let caller = StageCaller(
                fleet: fleet, timing: timing, energy: energy, requestID: origin.requestID, arrival: origin.arrival, models: models, units: units,
                turn: turn, deadline: origin.deadline
            ) {
                await admissions.place(turn, of: models, ahead: $0)
            }
            do {
                return try await rows.holding(rowCount) {
                    try await Router(caller: caller, encoded: encoded).run(pipeline, reached: { await admissions.reached($0, turn) }, news: news)
                }
            } catch {
                GatewayMetrics.failed(error)
                throw error
            }
        }
    }
}
