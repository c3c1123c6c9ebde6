import Checkpoint
public import Domain
public import Foundation
import ModelConfiguration
public import Placement

/// How a plan comes about: from a topology, or from kinds of stages for this host.
extension FleetPlan {
    /// The requests in a gateway, where neither a topology nor a flag says.
    public static let defaultQueue = 256

    /// The stages of a topology, on the devices that its plan gives them.
    /// - Parameters:
    ///   - remote: stages elsewhere, beside the topology's.
    ///   - queue: goes before the topology's.
    /// - Throws: `PlacementError` when they don't fit; `CheckpointError`.
    public init(_ plan: Plan, of topology: Topology, remote: [StageOrigin], queue: Int?) throws {
        guard plan.isFeasible else {
            throw PlacementError(
                .invalidTopology, "the stages do not fit: \(plan.shortages.map(\.description).joined(separator: "; ")); see glm plan")
        }
        self.init(
            stages: try plan.stages.map { try $0.identified() }, remote: try remote + topology.remote.map { try StageOrigin(parsing: $0) },
            queue: queue ?? topology.limits.queue,
            jobs: JobBounds(topology.limits),
            planned: RequestRules.Planned(pixels: topology.limits.pixels, sources: topology.limits.sources), drainDeadline: plan.drainDeadline)
    }

    /// On this host, for each model one stage of each kind that it has.
    /// - Parameters:
    ///   - kinds: no others; nil: all.
    ///   - folders: the models', each called as its folder is.
    ///   - precision: what this host makes of it: the stages of equal hosts are started with the same.
    ///   - stepCache: the largest that requests may ask of diffusion stages; nil: none may.
    /// - Throws: `CheckpointError` for a folder that is none; `PlacementError` for two models of one name, and for a kind or a model that no
    ///   stage would be started for.
    public init(
        _ kinds: [StageKind]?, folders: [URL], precision: PrecisionChoice, threads: Int?, stepCache: Float? = nil, remote: [StageOrigin],
        queue: Int?
    ) throws {
        let models = try Topology.Model.named(folders).map { (name: $0.name, checkpoint: try ModelFolder(URL(fileURLWithPath: $0.folder))) }
        let wanted = kinds ?? StageKind.allCases
        for (name, checkpoint) in models where wanted.allSatisfy({ !checkpoint.pipeline.stageKinds.contains($0) }) {
            let own = checkpoint.pipeline.stageKinds.map(\.rawValue).joined(separator: " and ")
            throw PlacementError(
                .invalidModel, "the model \(name) \(checkpoint.pipeline.purpose): it has \(own) stages, none of which is to be started")
        }
        var stages: [StageSpec] = []
        for kind in wanted {
            let having = models.filter { $0.checkpoint.pipeline.stageKinds.contains(kind) }
            if having.isEmpty, kinds != nil {
                let told = models.map { "\($0.name) \($0.checkpoint.pipeline.purpose)" }.joined(separator: ", ")
                throw PlacementError(.invalidModel, "no model takes a \(kind) stage: \(told)")
            }
            for (index, model) in having.enumerated() {
                stages.append(
                    try StageSpec(
                        kind: kind, instance: "\(index)", model: model.name, pipeline: model.checkpoint.pipeline, folder: model.checkpoint.url.path,
                        precision: precision.precision(native: Card.hostPrecision), threads: threads,
                        stepCache: kind.descriptor.options.contains(.stepCache) ? stepCache : nil
                    ).identified(by: model.checkpoint))
            }
        }
        self.init(stages: stages, remote: remote, queue: queue ?? Self.defaultQueue)
    }
}

extension JobBounds {
    init(_ limits: Topology.Limits) {
        self.init()
        kept = .seconds(limits.jobsKept)
        queued = limits.jobsQueued ?? queued
        running = limits.jobsRunning ?? running
        bytes = limits.jobsBytes
    }
}
