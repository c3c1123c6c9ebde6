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
        let isKnown = open.allSatisfy { kind in prospects(kind, model: nil, pipeline).contains { $0.modelName == planned?.name } }
        let common = try commonModel(of: open, pipeline, named: planned == nil ? name : isKnown ? planned?.name ?? "" : "")
        for kind in open {
            fingerprints[kind] = mostServed(prospects(kind, model: nil, pipeline).filter { $0.modelName == common }, by: \.fingerprint).first
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
        func serving(_ kind: StageKind) -> [Replica] { prospects(kind, model: nil, pipeline).filter { name.isEmpty || $0.modelName == name } }
        let names = mostServed(kinds.flatMap(serving), by: \.modelName)
        if let name = names.first(where: { name in kinds.allSatisfy { serving($0).contains { $0.modelName == name } } }) { return name }
        if let kind = kinds.first(where: { prospects($0, model: nil, pipeline).isEmpty }) { throw missing(kind, model: nil, pipeline) }
        if let kind = kinds.first(where: { serving($0).isEmpty }) {
            let known = Set(prospects(kind, model: nil, pipeline).map(\.modelName)).sorted().joined(separator: ", ")
            throw CallError(.failedPrecondition, "no \(kind) stage has model \(name); there is \(known)")
        }
        throw disagreement(kinds.compactMap { serving($0).first })
    }

    /// What stages have, the most frequent first.
    private func mostServed(_ replicas: [Replica], by key: (Replica) -> String) -> [String] {
        Dictionary(grouping: replicas, by: key).sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map(\.key)
    }

    /// The stages that a request may go to.
    /// - Parameters:
    ///   - model: fingerprint of the model; nil: any.
    ///   - pipeline: that the model has; nil: any.
    package func candidates(_ kind: StageKind, model: String?, _ pipeline: PipelineID? = nil) -> [Replica] {
        listing.filter {
            $0.kind == kind && $0.serves && (model == nil || $0.fingerprint == model) && (pipeline == nil || $0.pipeline == pipeline)
        }
    }

    /// The same; where there are none, those of which a probe is about to show whether they are: a request waits for them.
    private func prospects(_ kind: StageKind, model: String?, _ pipeline: PipelineID?) -> [Replica] {
        let serving = candidates(kind, model: model, pipeline)
        guard serving.isEmpty else { return serving }
        return listing.filter {
            $0.kind == kind && $0.isBeingProbed && (model == nil || $0.fingerprint == model) && (pipeline == nil || $0.pipeline == pipeline)
        }
    }

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
        let known = listing.filter { $0.kind == kind && (pipeline == nil || $0.pipeline == pipeline || $0.modelName.isEmpty) }
        guard !known.isEmpty else {
            // A socket that has not answered may be of the kind by its name.
            let silent = listing.first { $0.description == nil && "\($0.address)".contains("/\(kind.rawValue)-") }
            let elsewhere = unheard(kind)
            let detail = (silent.map { ["\($0.address) \($0.problem)"] } ?? []) + elsewhere
            let advice = absences[kind] == nil && elsewhere.isEmpty ? ["start \(kind.descriptor.program) \(place)"] : []
            return CallError(
                .unavailable, (["no \(kind) stage is running"] + detail + advice).joined(separator: "; "),
                retryAfter: silent == nil ? nil : .milliseconds(200))
        }
        let comes = known.contains { (!$0.isSilent && $0.description?.state == .starting) || $0.isBeingProbed }
        let reasons = known.map { replica in
            if let model, replica.serves, replica.fingerprint != model {
                return "\(replica.name) has model \(replica.fingerprint), wanted is \(model)"
            }
            return "\(replica.name) \(replica.reason)"
        }
        return CallError(
            .unavailable, "no \(kind) stage serves: " + reasons.joined(separator: ", "), retryAfter: comes ? .milliseconds(200) : nil)
    }

    /// What is wrong with stages elsewhere that may be of the kind and have not said what they are.
    private func unheard(_ kind: StageKind) -> [String] {
        func maybe(_ origin: StageOrigin) -> Bool { needed.told["\(origin)"]?.contains(kind) ?? true }
        let silent = listing.filter { replica in replica.description == nil && replica.origin.map(maybe) == true }
        return silent.map { "\($0.address) \($0.problem)" } + unresolved.filter { maybe(.name($0.key)) }.map { "\($0.key) \($0.value)" }.sorted()
    }

    private func disagreement(_ replicas: [Replica]) -> CallError {
        let models = replicas.map { "\($0.name) has \($0.modelName)" }
        return CallError(
            .failedPrecondition,
            "the stages serve different models: \(models.joined(separator: ", ")); start them with the same --model, or with one --model-name")
    }
}
