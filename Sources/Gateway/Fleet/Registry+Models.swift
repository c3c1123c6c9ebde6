package import Domain
package import Wire

/// Which model computes a request.
extension Registry {
    /// The checkpoints of a request that needs these kinds of stages.
    ///
    /// - Parameters:
    ///   - name: of the model; empty: the only one of the fleet with this pipeline.
    ///   - pipeline: what is to be computed.
    ///   - expected: kinds that come back, though none serves now.
    /// - Throws: FAILED_PRECONDITION for a name that the fleet doesn't have, for a model of another pipeline, for no name where it has
    ///   several, and where stages that nobody planned differ in their models; UNAVAILABLE for a kind of which none serves, none is expected and
    ///   none is about to show that it does.
    package func modelSet(
        named name: String = "", pipeline: PipelineID = .image, for kinds: [StageKind], expected: Set<StageKind> = []
    ) throws(CallError) -> ModelSet {
        try checkPipeline(pipeline, of: name)
        let planned = try plannedModel(name, pipeline)
        var fingerprints = (planned?.fingerprints ?? [:]).filter { kinds.contains($0.key) }
        for kind in kinds where prospects(kind, model: fingerprints[kind], pipeline).isEmpty && !expected.contains(kind) {
            throw missing(kind, model: fingerprints[kind], pipeline)
        }
        let open = kinds.filter { fingerprints[$0] == nil }
        guard !open.isEmpty else { return ModelSet(name: planned?.name ?? name, fingerprints: fingerprints) }
        // A stage elsewhere may call the planned model otherwise.
        let isKnown = open.allSatisfy { kind in prospects(kind, pipeline).contains { $0.traits.modelName == planned?.name } }
        let common = try commonModel(of: open, pipeline, named: planned == nil ? name : isKnown ? planned?.name ?? "" : "")
        for kind in open {
            fingerprints[kind] = mostServed(prospects(kind, pipeline).filter { $0.traits.modelName == common }, by: \.fingerprint).first
        }
        return ModelSet(name: planned?.name ?? common, fingerprints: fingerprints)
    }

    /// The model of a plan; nil in a fleet that nobody planned.
    private func plannedModel(_ name: String, _ pipeline: PipelineID) throws(CallError) -> ModelSet? {
        guard !models.isEmpty else { return nil }
        let models = models.filter { self.pipeline(of: $0.key) == pipeline }
        if name.isEmpty, models.count == 1, let (name, fingerprints) = models.first { return ModelSet(name: name, fingerprints: fingerprints) }
        if let fingerprints = models[name] { return ModelSet(name: name, fingerprints: fingerprints) }
        let known = (name.isEmpty ? models : self.models).keys.sorted().joined(separator: ", ")
        throw CallError(
            .failedPrecondition,
            name.isEmpty ? "model is not set, and this fleet has several: \(known)" : "this fleet has no model \(name); it has \(known)"
        )
    }

    /// Of stages that nobody planned: the model's name that the most of them give, so that one stray stage doesn't decide. The name
    /// is what ties kinds together, for they read different files.
    private func commonModel(of kinds: [StageKind], _ pipeline: PipelineID, named name: String) throws(CallError) -> String {
        func fitting(_ kind: StageKind) -> [Prospect] { prospects(kind, pipeline).filter { name.isEmpty || $0.traits.modelName == name } }
        let names = mostServed(kinds.flatMap(fitting), by: \.modelName)
        if let name = names.first(where: { name in kinds.allSatisfy { fitting($0).contains { $0.traits.modelName == name } } }) { return name }
        if let kind = kinds.first(where: { prospects($0, pipeline).isEmpty }) { throw missing(kind, model: nil, pipeline) }
        if let kind = kinds.first(where: { fitting($0).isEmpty }) {
            let known = Set(prospects(kind, pipeline).map(\.traits.modelName)).sorted().joined(separator: ", ")
            throw CallError(.failedPrecondition, "no \(kind) stage has model \(name); there is \(known)")
        }
        throw disagreement(kinds.compactMap { fitting($0).min { $0.first < $1.first } })
    }

    /// Stages with the same traits that may compute a request.
    private struct Prospect {
        let traits: StageTraits
        let first: StageEntry
        let stages: Int
    }

    /// Those that serve; where there are none, those of which a probe is about to show whether they do: a request waits for them.
    private func prospects(_ kind: StageKind, model: String? = nil, _ pipeline: PipelineID) -> [Prospect] {
        let able = replicas.groups.filter { $0.key.computes(kind, model: model, pipeline) }
        let serving = able.filter { $0.key.standing == .serves }
        return (serving.isEmpty ? able.filter { $0.key.standing == .isBeingProbed } : serving).compactMap { traits, group in
            group.members.first.map { Prospect(traits: traits, first: $0, stages: group.members.count) }
        }
    }

    /// What stages have, the most frequent first.
    private func mostServed(_ prospects: [Prospect], by key: (StageTraits) -> String) -> [String] {
        Dictionary(prospects.map { (key($0.traits), $0.stages) }, uniquingKeysWith: +).sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }

    /// The stages that a request may go to.
    /// - Parameters:
    ///   - model: fingerprint of the model; nil: any.
    ///   - pipeline: that the model has; nil: any.
    package func candidates(_ kind: StageKind, model: String?, _ pipeline: PipelineID? = nil) -> [Replica] {
        replicas.replicas(replicas.entries { $0.serves(kind, model: model, pipeline) })
    }

    /// Whether there are any such stages.
    package func hasCandidates(_ kind: StageKind, model: String?, _ pipeline: PipelineID? = nil) -> Bool {
        replicas.groups.keys.contains { $0.serves(kind, model: model, pipeline) }
    }

    /// Whether one of the kind may serve as soon as it has passed its probe.
    func isBeingProbed(_ kind: StageKind) -> Bool { replicas.groups.keys.contains { $0.kind == kind && $0.standing == .isBeingProbed } }

    /// The stages of a kind that serve a model of the plan; without a plan, any.
    package func serving(_ kind: StageKind) -> [Replica] {
        let wanted = Set(models.values.compactMap { $0[kind] })
        return candidates(kind, model: nil).filter { wanted.isEmpty || wanted.contains($0.fingerprint) }
    }

    /// Kinds of stages that are to run, each with the model that it must have; nil: any.
    package func requirements(_ kinds: Set<StageKind>) -> [(kind: StageKind, model: String?)] {
        kinds.sorted().flatMap { kind -> [(kind: StageKind, model: String?)] in
            let wanted = models.sorted { $0.key < $1.key }.compactMap { $0.value[kind] }
            return wanted.isEmpty ? [(kind, nil)] : wanted.map { (kind, $0) }
        }
    }

    private func disagreement(_ stages: [Prospect]) -> CallError {
        let models = stages.map { "\($0.first.name) has \($0.traits.modelName)" }
        return CallError(
            .failedPrecondition,
            "the stages serve different models: \(models.joined(separator: ", ")); start them with the same --model, or with one --model-name")
    }
}
