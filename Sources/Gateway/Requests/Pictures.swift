public import Logging
import Domain
import ServerKit
import Wire

/// Makes pictures: lets requests in, takes them through the stages, and counts. The same for callers that wait and for jobs.
public actor Pictures {
    private let fleet: Fleet
    private let timing: FleetTiming
    private let planned: RequestRules.Planned
    private let logger: Logger
    private let encoded = EncodedPictures()
    private var line: Line
    private(set) var images = 0
    private(set) var failures = 0

    /// - Parameters:
    ///   - planned: what the fleet's memory is planned for.
    ///   - limit: requests in the gateway at most.
    public init(fleet: Fleet, timing: FleetTiming = FleetTiming(), planned: RequestRules.Planned = RequestRules.Planned(), limit: Int, logger: Logger)
    {
        self.fleet = fleet
        self.planned = planned
        self.timing = timing
        self.logger = logger
        line = Line(limit: limit)
    }

    var refused: Int { line.refused }
    var waiting: Int { line.count }
    var encoderCache: (hits: Int, misses: Int) { get async { await encoded.counts } }

    /// Checks a request and fills in its defaults.
    func order(_ request: GenerateImageRequest, requestID: String) async throws -> Order {
        let rules = RequestRules(defaultSide: await fleet.defaultSide(), planned: planned)
        // 32 bits: torch's generator reads no more of a seed, and people can type them.
        return try rules.order(request, requestID: requestID, seed: UInt64(UInt32.random(in: .min ... .max)))
    }

    /// - Parameters:
    ///   - deadline: when the caller stops to wait.
    ///   - accepted: called once, before anything is computed.
    ///   - progress: called in order; what it throws ends the work.
    func make(
        _ order: Order, deadline: ContinuousClock.Instant?, accepted: @Sendable (Accepted) async throws -> Void, progress: Send<Progress>
    ) async throws -> GeneratedImage {
        let start = ContinuousClock.now
        let kinds = StageKind.needed(sources: order.images.count)
        let pipeline = try await fleet.pipeline(for: kinds)
        let place = try await enter(order, deadline)
        defer { line.leave(place) }
        logger.info(
            "accepted",
            metadata: [
                "request": "\(order.requestID)", "size": "\(order.width)x\(order.height)", "sources": "\(order.images.count)",
                "steps": "\(order.steps)", "guidance": "\(order.guidanceScale)", "seed": "\(order.seed)",
            ])
        do {
            try await accepted(order.accepted(pipeline))
            let router = Router(
                fleet: fleet, encoded: encoded, timing: timing, order: order, pipeline: pipeline, arrival: place, deadline: deadline)
            let image = try await router.run(progress: progress)
            images += 1
            GatewayMetrics.made(image, seconds: start.duration(to: .now).inSeconds)
            return image
        } catch {
            failures += 1
            GatewayMetrics.failed(error)
            throw error
        }
    }

    private func enter(_ order: Order, _ deadline: ContinuousClock.Instant?) async throws(CallError) -> Int {
        let units = order.units
        var ahead: [StageKind: Int] = [:]
        for kind in units.keys { ahead[kind] = line.needing(kind) }
        let finish = await fleet.finish(units, ahead: ahead)
        return try line.enter(units, finish: finish, left: deadline.map { ContinuousClock.now.duration(to: $0).inSeconds })
    }
}
