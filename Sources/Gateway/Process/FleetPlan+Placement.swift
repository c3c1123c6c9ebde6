import Checkpoint
public import Domain
import Foundation
public import Placement
public import Wire

/// How a plan comes about: from a topology, or from kinds of stages for this host.
extension FleetPlan {
    /// The requests in a gateway, where neither a topology nor a flag says.
    public static let defaultQueue = 256

    /// The stages of a topology, on the devices that its plan gives them.
    /// - Parameters:
    ///   - remote: stages elsewhere, beside the topology's.
    ///   - queue: goes before the topology's.
    /// - Throws: `PlacementError` when they don't fit; `CheckpointError`.
    public init(_ plan: Plan, of topology: Topology, remote: [Address], queue: Int?) throws {
        guard plan.isFeasible else {
            throw PlacementError(
                .invalidTopology, "the stages do not fit: \(plan.shortages.map(\.description).joined(separator: "; ")); see glm plan")
        }
        self.init(
            stages: try plan.stages.map { try $0.identified() }, remote: try remote + topology.remote.map { try Address(parsing: $0) },
            queue: queue ?? topology.limits.queue,
            jobsKept: .seconds(topology.limits.jobsKept),
            planned: RequestRules.Planned(pixels: topology.limits.pixels, sources: topology.limits.sources))
    }

    /// One stage of each kind on this host, all with one checkpoint.
    /// - Throws: `CheckpointError` for a folder that is none.
    public init(_ kinds: [StageKind], folder: String, precision: Precision?, threads: Int?, remote: [Address], queue: Int?) throws {
        let name = ModelFolder.name(of: URL(fileURLWithPath: folder))
        let stages = try kinds.map {
            try StageSpec(kind: $0, instance: "0", model: name, folder: folder, precision: precision, threads: threads).identified()
        }
        self.init(stages: stages, remote: remote, queue: queue ?? Self.defaultQueue)
    }
}
