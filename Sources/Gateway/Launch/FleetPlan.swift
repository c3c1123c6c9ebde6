public import StageKit
public import Wire

/// What a gateway is to run: stages that it keeps alive, stages elsewhere, and bounds.
public struct FleetPlan: Sendable {
    /// Kept alive by the gateway.
    public var stages: [StageSpec]
    /// Fingerprints of the models that requests are computed by; a kind that is not named takes what most stages serve.
    public var pipeline: [StageKind: String]
    /// Stages elsewhere.
    public var remote: [Address]
    /// Requests in the gateway at most.
    public var queue: Int

    public init(stages: [StageSpec], pipeline: [StageKind: String] = [:], remote: [Address] = [], queue: Int = 256) {
        self.stages = stages
        self.pipeline = pipeline
        self.remote = remote
        self.queue = queue
    }

    public var kinds: Set<StageKind> { Set(stages.map(\.kind)) }
}
