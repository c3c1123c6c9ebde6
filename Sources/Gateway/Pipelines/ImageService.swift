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
    ///   - requester: whose turn it is among others.
    ///   - deadline: the caller's.
    ///   - accepted: called once, before anything is computed.
    ///   - progress: called in order; what it throws ends the work.
    func make(
        _ request: ImageRequest, by requester: Caller, deadline: ContinuousClock.Instant?, accepted: @Sendable (Accepted) async throws -> Void,
        progress: @escaping Send<Progress>
    ) async throws -> GeneratedImage {
        let start = ContinuousClock.now
        let models = try await fleet.modelSet(named: request.model, for: request.pipeline.stages(sources: request.images.count))
        let turn = try await enter(request, requester, deadline)
        var isDone = false
        defer { queue.leave(turn, isDone: isDone) }
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
                fleet: fleet, timing: timing, requestID: request.requestID, models: models, units: request.units, turn: turn, deadline: deadline)
            let pipeline = ImagePipeline(request, build: Build.version)
            var image = try await Router(caller: caller, encoded: encoded).run(pipeline) {
                if $0.done == 0, let kind = StageKind(rawValue: $0.stage) { await self.reached(kind, turn) }
                try await progress($0)
            }
            isDone = true
            image.modelName = models.name
            images += 1
            GatewayMetrics.made(image, seconds: start.duration(to: .now).inSeconds)
            return image
        } catch {
            GatewayMetrics.failed(error)
            throw error
        }
    }

    private func enter(
        _ request: ImageRequest, _ requester: Caller, _ deadline: ContinuousClock.Instant?
    ) async throws(CallError) -> FairOrder.Turn {
        let units = request.units
        let outlook = await fleet.outlook(units, ahead: queue.ahead(of: requester))
        let left = deadline.map { ContinuousClock.now.duration(to: $0).inSeconds }
        return try queue.enter(units, by: requester, cost: outlook?.cost ?? 1, finish: outlook?.finish, left: left)
    }

    private func reached(_ kind: StageKind, _ turn: FairOrder.Turn) { queue.reached(kind, turn) }
}
