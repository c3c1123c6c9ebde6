package import Domain
import Wire

/// What the fleet's models compute.
extension Registry {
    /// By name: the plan's models; without a plan those that stages have told.
    package var modelNames: [String] {
        models.isEmpty ? Set(replicas.groups.keys.map(\.modelName)).filter { !$0.isEmpty }.sorted() : models.keys.sorted()
    }

    /// What a model computes: as the plan says, else as its stages tell, images before they have. Nil: what this build does not know.
    package func pipeline(of name: String) -> PipelineID? {
        if let planned = pipelines[name] { return planned }
        let fingerprints = models[name] ?? [:]
        let told = replicas.first { traits in
            traits.modelName == name || traits.kind.map { fingerprints[$0] == traits.fingerprint && !traits.fingerprint.isEmpty } ?? false
        }
        return told.map(\.traits.pipeline) ?? .image
    }

    /// - Throws: FAILED_PRECONDITION for a model that computes something else, and where no model computes it: both name what there is.
    func checkPipeline(_ pipeline: PipelineID, of name: String) throws(CallError) {
        let known = modelNames
        let fitting = known.filter { self.pipeline(of: $0) == pipeline }
        if known.contains(name), !fitting.contains(name) {
            let others = fitting.isEmpty ? none(pipeline, known) : "this fleet has \(fitting.joined(separator: ", ")), which \(pipeline.purpose)"
            throw CallError(.failedPrecondition, "model \(name) \(purpose(name)) only; \(others)")
        }
        // A stage that has not told yet may be of any pipeline.
        guard fitting.isEmpty, !known.isEmpty, !(models.isEmpty && replicas.groups.keys.contains { $0.modelName.isEmpty }) else { return }
        throw CallError(.failedPrecondition, none(pipeline, known))
    }

    private func purpose(_ name: String) -> String { pipeline(of: name)?.purpose ?? "computes what this gateway does not know" }

    private func none(_ pipeline: PipelineID, _ known: [String]) -> String {
        let list = known.map { "\($0), which \(purpose($0))" }.joined(separator: "; ")
        return "this fleet has no model that \(pipeline.purpose); it has \(list)"
    }
}
