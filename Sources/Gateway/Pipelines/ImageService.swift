import Domain
public import Logging
import ServerKit
import Wire

/// Makes pictures: admits requests, takes them through the stages, and counts. The same for callers that wait and for jobs.
public actor ImageService {
    private let fleet: Fleet
    private let timing: FleetTiming
    private let planned: RequestRules.Planned
    private let logger: Logger
    private let encoded = EncodedPictures()
    private var queue: AdmissionQueue
    private(set) var images = 0

    /// - Parameters:
    ///   - planned: what the fleet's memory is planned for.
    ///   - limit: requests in the gateway at most.
    public init(fleet: Fleet, timing: FleetTiming = FleetTiming(), planned: RequestRules.Planned = RequestRules.Planned(), limit: Int, logger: Logger)
    {
        self.fleet = fleet
        self.planned = planned
        self.timing = timing
        self.logger = logger
        queue = AdmissionQueue(limit: limit)
    }

    var refused: Int { queue.refused }
    var waiting: Int { queue.count }
    var encoderCache: (hits: Int, misses: Int) { get async { await encoded.counts } }

    /// Checks a request and fills in its defaults.
    func validate(_ request: GenerateImageRequest, requestID: String) async throws -> ImageRequest {
        let rules = RequestRules(defaultSide: await fleet.defaultSide(), planned: planned)
        // 32 bits: torch's generator reads no more of a seed, and people can type them.
        return try rules.validate(request, requestID: requestID, seed: UInt64(UInt32.random(in: .min ... .max)))
    }

    /// - Parameters:
    ///   - deadline: the caller's.
    ///   - accepted: called once, before anything is computed.
    ///   - progress: called in order; what it throws ends the work.
    func make(
        _ request: ImageRequest, deadline: ContinuousClock.Instant?, accepted: @Sendable (Accepted) async throws -> Void, progress: Send<Progress>
    ) async throws -> GeneratedImage {
        let start = ContinuousClock.now
        let models = try await fleet.modelSet(named: request.model, for: request.pipeline.stages(sources: request.images.count))
        let place = try await enter(request, deadline)
        defer { queue.leave(place) }
        let parameters = request.parameters
        logger.info(
            "accepted",
            metadata: [
                "request": "\(request.requestID)", "model": "\(models.name)", "size": "\(parameters.width)x\(parameters.height)",
                "sources": "\(request.images.count)", "steps": "\(parameters.steps)", "guidance": "\(parameters.guidanceScale)",
                "seed": "\(parameters.seed)",
            ])
        do {
            try await accepted(request.accepted(models))
            let caller = StageCaller(
                fleet: fleet, timing: timing, requestID: request.requestID, models: models, arrival: place, deadline: deadline)
            let pipeline = ImagePipeline(request, build: Build.version)
            var image = try await Router(caller: caller, encoded: encoded).run(pipeline, progress: progress)
            image.modelName = models.name
            images += 1
            GatewayMetrics.made(image, seconds: start.duration(to: .now).inSeconds)
            return image
        } catch {
            GatewayMetrics.failed(error)
            throw error
        }
    }

    private func enter(_ request: ImageRequest, _ deadline: ContinuousClock.Instant?) async throws(CallError) -> Int {
        let units = request.units
        var ahead: [StageKind: Int] = [:]
        for kind in units.keys { ahead[kind] = queue.needing(kind) }
        let finish = await fleet.finish(units, ahead: ahead)
        return try queue.enter(units, finish: finish, left: deadline.map { ContinuousClock.now.duration(to: $0).inSeconds })
    }
}
