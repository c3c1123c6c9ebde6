import Checkpoint
import Domain
import ModelConfiguration

/// Which stages a topology must have, and which it may not, follows from what its models do.
extension Topology {
    /// - Parameters:
    ///   - models: the topology's, or the caller's.
    ///   - pipeline: of the checkpoint in a folder.
    /// - Throws: `invalidTopology`, with the line: for a group whose model has no such stage, and for one of several models that lacks a kind
    ///   of stage that its requests pass through.
    func check(_ models: [Model], _ pipeline: (String) -> ModelPipeline?) throws(PlacementError) {
        for kind in StageKind.allCases {
            for (index, group) in (stages[kind] ?? []).enumerated() { try check(group, kind, path(kind, index), models, pipeline) }
        }
        // Only a file that names its models says which stages each has.
        guard self.models.count > 1 else { return }
        for model in models {
            for kind in pipeline(model.folder)?.stageKinds(sources: limits.sources) ?? [] {
                if stages[kind]?.contains(where: { $0.model == model.name }) == true { continue }
                throw PlacementError(
                    .invalidTopology,
                    "\(place("models.\(model.name)"))models.\(model.name) has no \(kind) stage; with several models, each kind of stage names its own"
                )
            }
        }
    }

    private func check(
        _ group: Group, _ kind: StageKind, _ path: String, _ models: [Model], _ pipeline: (String) -> ModelPipeline?
    ) throws(PlacementError) {
        // A group of a file that names no model is that of any model that has such stages.
        let meant = group.model == nil ? models : models.filter { $0.name == group.model }
        let pipelines = meant.compactMap { pipeline(group.folder ?? $0.folder) }
        guard let model = meant.first, let pipeline = pipelines.first, !pipelines.contains(where: { $0.stageKinds.contains(kind) }) else { return }
        let kinds = pipeline.stageKinds.map(\.rawValue).joined(separator: " and ")
        throw PlacementError(
            .invalidTopology,
            "\(place(path))\(path) is of the model \(model.name), which \(pipeline.purpose): its requests pass through \(kinds) stages")
    }

    /// How the file spells a group: alone, or in a list.
    private func path(_ kind: StageKind, _ index: Int) -> String {
        let listed = "stages.\(kind)[\(index)]"
        return lines[listed] == nil ? "stages.\(kind)" : listed
    }
}
