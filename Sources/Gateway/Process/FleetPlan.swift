public import Placement
import Crypto
import Foundation
import ModelConfiguration
public import Domain

/// What a gateway is to run: stages that it keeps alive, stages elsewhere, and bounds.
public struct FleetPlan: Sendable {
    /// Kept alive by the gateway.
    public var stages: [StageSpec]
    /// The models of the stages, by name: for each kind of stage the fingerprint that it must have. Empty: what most stages serve.
    public var models: [String: [StageKind: String]]
    /// Stages elsewhere.
    public var remote: [StageOrigin]
    /// Kinds without which the gateway is not ready, beside those of its own stages; nil: those that stages elsewhere once were.
    public var expected: Set<StageKind>?
    /// Requests in the gateway at most.
    public var queue: Int
    public var jobs: JobBounds
    /// The largest requests that there is memory for.
    public var planned: RequestRules.Planned
    /// What requests in flight get when the gateway is told to end, unless it is told how long.
    public var drainDeadline: Duration

    public init(
        stages: [StageSpec], remote: [StageOrigin] = [], expected: Set<StageKind>? = nil, queue: Int, jobs: JobBounds = JobBounds(),
        planned: RequestRules.Planned = RequestRules.Planned(), drainDeadline: Duration = DrainDeadline.least
    ) {
        self.stages = stages
        models = stages.reduce(into: [:]) { $0[$1.model, default: [:]][$1.kind] = $1.fingerprint }
        self.remote = remote
        self.expected = expected
        self.queue = queue
        self.jobs = jobs
        self.planned = planned
        self.drainDeadline = drainDeadline
    }

    public var kinds: Set<StageKind> { Set(stages.map(\.kind)) }

    /// What each model of the stages is for, by its name.
    public var pipelines: [String: PipelineID] { Dictionary(stages.map { ($0.model, $0.pipeline.id) }, uniquingKeysWith: { first, _ in first }) }

    /// Tells one plan from another: what operators change later is kept for the plan that it was a change of.
    public var digest: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let bytes = (try? encoder.encode(stages)) ?? Data()
        return SHA256.hash(data: bytes).hexadecimal
    }
}
