import Domain
public import Logging
import ServerKit
import Tracing
import Wire

/// Makes images: checks requests, takes them through the stages, and counts. The same for callers that wait and for jobs.
public actor ImageService {
    private let runner: PipelineRunner
    private let planned: RequestRules.Planned
    private let labels: LabelPolicy
    private let logger: Logger
    /// Images by the model's name.
    private(set) var imagesByModel: [String: Int] = [:]
    var images: Int { imagesByModel.values.reduce(0, +) }

    /// - Parameter planned: what the fleet's memory is planned for.
    public init(
        runner: PipelineRunner, planned: RequestRules.Planned = RequestRules.Planned(), labels: LabelPolicy = LabelPolicy(), logger: Logger
    ) {
        self.runner = runner
        self.planned = planned
        self.labels = labels
        self.logger = logger
    }

    /// Checks a request and fills in its defaults.
    /// - Parameter mayOmitLabel: the caller may have an image without words where this gateway draws them into all.
    func validate(_ request: GenerateImageRequest, requestID: String, mayOmitLabel: Bool) async throws -> ImageRequest {
        let rules = RequestRules(defaultSide: await runner.fleet.defaultSide(), planned: planned)
        return try await runner.admissions.deciding { [labels] in
            // 32 bits: torch's generator reads no more of a seed, and people can type them.
            var validated = try rules.validate(request, requestID: requestID, seed: UInt64(UInt32.random(in: .min ... .max)))
            validated.explicitLabel = try labels.drawsWords(wanted: request.explicitLabel, mayOmit: mayOmitLabel)
            return validated
        }
    }

    /// The models that compute a request, of those that the requester may use.
    /// - Throws: also INVALID_ARGUMENT for more step caching than their stages allow.
    func models(_ request: ImageRequest, for requester: Caller) async throws -> ModelSet {
        let models = try await runner.fleet.modelSet(
            named: request.model, within: requester.models, pipeline: request.pipeline,
            for: request.pipeline.stages(sources: request.images.count))
        try await runner.fleet.checkStepCache(request.parameters.stepCache, models)
        return models
    }

    /// Requests that the stages of images work on at once; 0 while a kind of them does not serve.
    var slots: Int {
        get async {
            let registry = await runner.fleet.stages()
            let slots = [StageKind.text, .diffusion].map { registry.capacity($0).slots }
            return slots.contains(0) ? 0 : slots.reduce(0, +)
        }
    }

    /// - Parameters:
    ///   - requester: whose turn it is among others.
    ///   - arrival: when the request came.
    ///   - deadline: the caller's.
    ///   - accepted: called once, before anything is computed.
    ///   - tell: called in order; what it throws ends the work.
    func make(
        _ request: ImageRequest, by requester: Caller, since arrival: ContinuousClock.Instant = .now, deadline: ContinuousClock.Instant?,
        accepted: @Sendable (Accepted) async throws -> Void, tell: @escaping Send<GenerateImageEvent>
    ) async throws -> GeneratedImage {
        let start = ContinuousClock.now
        let models = try await runner.admissions.deciding { try await self.models(request, for: requester) }
        let origin = PipelineRunner.Origin(requestID: request.requestID, arrival: arrival, requester: requester, deadline: deadline)
        let pipeline = ImagePipeline(request, build: Build.version)
        var image = try await withSpan("image") { span in
            span.describe(request, models)
            return try await runner.run(pipeline, request.units, models, from: origin) {
                log(request, models)
                try await accepted(request.accepted(models))
            } place: {
                try await tell(.place($0))
            } tell: { [labels] news in
                try await tell(labels.labelled(news, isEdit: !request.images.isEmpty))
            }
        }
        image.image = try labels.labelled(image.image, isEdit: !request.images.isEmpty)
        image.modelName = models.name
        imagesByModel[models.name, default: 0] += 1
        GatewayMetrics.made(image, seconds: start.duration(to: .now).inSeconds)
        return image
    }

    nonisolated private func log(_ request: ImageRequest, _ models: ModelSet) {
        let parameters = request.parameters
        logger.info(
            "accepted",
            metadata: [
                "model": "\(models.name)", "size": "\(parameters.width)x\(parameters.height)",
                "sources": "\(request.images.count)", "steps": "\(parameters.steps)", "guidance": "\(parameters.guidanceScale)",
                "seed": "\(parameters.seed)",
            ])
    }
}
