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
    ///   several, and where stages that nobody planned differ in their models; UNAVAILABLE for a kind of which none serves and none is expected.
    package func modelSet(
        named name: String = "", pipeline: PipelineID = .image, for kinds: [StageKind], expected: Set<StageKind> = []
    ) throws(CallError) -> ModelSet {
        try checkPipeline(pipeline, of: name)
        let planned = try plannedModel(name, pipeline)
        var fingerprints = (planned?.fingerprints ?? [:]).filter { kinds.contains($0.key) }
        for kind in kinds where !hasCandidates(kind, model: fingerprints[kind], pipeline) && !expected.contains(kind) {
            throw missing(kind, model: fingerprints[kind], pipeline)
        }
        let open = kinds.filter { fingerprints[$0] == nil }
        guard !open.isEmpty else { return ModelSet(name: planned?.name ?? name, fingerprints: fingerprints) }
        // A stage elsewhere may call the planned model otherwise.
        let isKnown = open.allSatisfy { kind in groups(kind, pipeline).contains { $0.traits.modelName == planned?.name } }
        let common = try commonModel(of: open, pipeline, named: planned == nil ? name : isKnown ? planned?.name ?? "" : "")
        for kind in open {
            fingerprints[kind] = mostServed(groups(kind, pipeline, named: common), by: \.fingerprint).first
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
        let wanted = name.isEmpty ? nil : name
        let names = mostServed(kinds.flatMap { groups($0, pipeline, named: wanted) }, by: \.modelName)
        if let common = names.first(where: { name in kinds.allSatisfy { !groups($0, pipeline, named: name).isEmpty } }) { return common }
        if let kind = kinds.first(where: { !hasCandidates($0, model: nil, pipeline) }) { throw missing(kind, model: nil, pipeline) }
        if let kind = kinds.first(where: { groups($0, pipeline, named: wanted).isEmpty }) {
            let known = Set(groups(kind, pipeline).map(\.traits.modelName)).sorted().joined(separator: ", ")
            throw CallError(.failedPrecondition, "no \(kind) stage has model \(name); there is \(known)")
        }
        throw disagreement(kinds.compactMap { candidates($0, model: nil, pipeline).first { name.isEmpty || $0.modelName == name } })
    }

    /// Those that serve a kind.
    /// - Parameter name: what they call their model; nil: anything.
    private func groups(_ kind: StageKind, _ pipeline: PipelineID, named name: String? = nil) -> [(traits: StageTraits, stages: Int)] {
        replicas.groups.filter { $0.key.serves(kind, model: nil, pipeline) && (name == nil || $0.key.modelName == name) }
            .map { ($0.key, $0.value.members.count) }
    }

    /// What stages have, the most frequent first.
    private func mostServed(_ groups: [(traits: StageTraits, stages: Int)], by key: (StageTraits) -> String) -> [String] {
        Dictionary(groups.map { (key($0.traits), $0.stages) }, uniquingKeysWith: +).sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
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

    /// Why no stage of a kind and model serves, and why none comes back where that is known.
    package func missing(_ kind: StageKind, model: String?, _ pipeline: PipelineID? = nil) -> CallError {
        var error = absent(kind, model, pipeline)
        if let reason = absences[kind] { error.message += "; \(reason)" }
        return error
    }

    private func absent(_ kind: StageKind, _ model: String?, _ pipeline: PipelineID?) -> CallError {
        // Stages of another pipeline are none that could come to serve.
        func isKnown(_ traits: StageTraits) -> Bool {
            traits.kind == kind && (pipeline == nil || traits.pipeline == pipeline || traits.modelName.isEmpty)
        }
        let groups = replicas.groups.filter { isKnown($0.key) }
        guard !groups.isEmpty else {
            // A socket that has not answered may be of the kind by its name.
            let silent = replicas.replicas(replicas.entries { $0.kind == nil }).first {
                $0.description == nil && "\($0.address)".contains("/\(kind.rawValue)-")
            }
            let detail = silent.map { "; \($0.address) \($0.problem)" } ?? ""
            let advice = absences[kind] == nil ? "; start \(kind.descriptor.program) \(place)" : ""
            return CallError(
                .unavailable, "no \(kind) stage is running\(detail)\(advice)",
                retryAfter: silent == nil ? nil : .milliseconds(200))
        }
        let comes = groups.keys.contains { [.isStarting, .isBeingProbed].contains($0.standing) }
        var reasons = replicas.replicas(replicas.entries(first: Self.reasonsTold, where: isKnown)).map { replica in
            if let model, replica.serves, replica.fingerprint != model {
                return "\(replica.name) has model \(replica.fingerprint), wanted is \(model)"
            }
            return "\(replica.name) \(replica.reason)"
        }
        let others = groups.values.reduce(0) { $0 + $1.members.count } - reasons.count
        if others > 0 { reasons.append("and \(others) more") }
        return CallError(
            .unavailable, "no \(kind) stage serves: " + reasons.joined(separator: ", "), retryAfter: comes ? .milliseconds(200) : nil)
    }

    /// Of how many stages a refusal tells why they don't serve: what is wrong with a thousand is wrong with the first of them.
    private static let reasonsTold = 16

    private func disagreement(_ replicas: [Replica]) -> CallError {
        let models = replicas.map { "\($0.name) has \($0.modelName)" }
        return CallError(
            .failedPrecondition,
            "the stages serve different models: \(models.joined(separator: ", ")); start them with the same --model, or with one --model-name")
    }
}
