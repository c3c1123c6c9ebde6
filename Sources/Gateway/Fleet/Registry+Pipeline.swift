package import Domain
package import Wire

/// The models that one request is computed by.
package struct Pipeline: Sendable, Hashable {
    /// One for each kind of stage that the request needs.
    package var fingerprints: [StageKind: String]
    package var modelName: String

    /// One fingerprint where all kinds serve the same checkpoint, else each with its kind.
    package var fingerprint: String { Self.joined(fingerprints) }

    package static func joined(_ fingerprints: [StageKind: String]) -> String {
        let all = Set(fingerprints.values)
        if all.count == 1 { return all.first! }
        return fingerprints.sorted { $0.key < $1.key }.map { "\($0.key.rawValue):\($0.value)" }.joined(separator: ",")
    }
}

extension Registry {
    /// The models of a request that needs these kinds of stages.
    ///
    /// - Throws: UNAVAILABLE for a kind of which none serves and none is `expected`; FAILED_PRECONDITION when those that serve
    ///   differ in their models and nobody has said which are the pipeline's.
    package func pipeline(for kinds: [StageKind], expected: Set<StageKind> = []) throws(CallError) -> Pipeline {
        var fingerprints = pipeline.filter { kinds.contains($0.key) }
        for kind in kinds where candidates(kind, model: fingerprints[kind]).isEmpty && !expected.contains(kind) { throw missing(kind) }

        let open = kinds.filter { fingerprints[$0] == nil }
        if !open.isEmpty {
            let serving = open.map { kind in (kind, Set(candidates(kind, model: nil).map(\.fingerprint))) }
            // The model that the most stages serve, so that one stray stage doesn't decide.
            let counts = Dictionary(grouping: open.flatMap { candidates($0, model: nil) }, by: \.fingerprint).mapValues(\.count)
            let models = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
            guard let model = models.first(where: { model in serving.allSatisfy { $0.1.contains(model) } }) else {
                if let kind = open.first(where: { candidates($0, model: nil).isEmpty }) { throw missing(kind) }
                throw disagreement(open.compactMap { candidates($0, model: nil).first })
            }
            for kind in open { fingerprints[kind] = model }
        }
        let names = kinds.flatMap { candidates($0, model: fingerprints[$0]) }.compactMap(\.description?.modelName)
        return Pipeline(fingerprints: fingerprints, modelName: names.last ?? "")
    }

    /// The stages that a request may go to; nil: of any model.
    package func candidates(_ kind: StageKind, model: String?) -> [Replica] {
        listing.filter { $0.kind == kind && $0.serves && (model == nil || $0.fingerprint == model) }
    }

    /// Why no stage of a kind serves, and why none comes back where that is known.
    package func missing(_ kind: StageKind) -> CallError {
        var error = absent(kind)
        if let trouble = troubles[kind] { error.message += "; \(trouble)" }
        return error
    }

    private func absent(_ kind: StageKind) -> CallError {
        let known = listing.filter { $0.kind == kind }
        guard !known.isEmpty else {
            // A socket that has not answered may be of the kind by its name.
            let silent = listing.first { $0.description == nil && "\($0.address)".contains("/\(kind.rawValue)-") }
            let detail = silent.map { "; \($0.address) \($0.problem)" } ?? ""
            return CallError(
                .unavailable, "no \(kind) stage is running\(detail); start \(kind.program) \(place)",
                retryAfter: silent == nil ? nil : .milliseconds(200))
        }
        let comes = known.contains { $0.description?.state == .starting || ($0.problem.isEmpty && !$0.proved) }
        let reasons = known.map { replica in
            if let model = pipeline[kind], replica.serves, replica.fingerprint != model {
                return "\(replica.name) has model \(replica.description?.modelName ?? "") \(replica.fingerprint), the pipeline's is \(model)"
            }
            return "\(replica.name) \(replica.problem.isEmpty ? "is being proved" : replica.problem)"
        }
        return CallError(
            .unavailable, "no \(kind) stage serves: " + reasons.joined(separator: ", "), retryAfter: comes ? .milliseconds(200) : nil)
    }

    private func disagreement(_ replicas: [Replica]) -> CallError {
        let models = replicas.compactMap { replica in
            replica.description.map { "\(replica.name) has \($0.modelName) \($0.modelFingerprint)" }
        }
        return CallError(
            .failedPrecondition, "the stages serve different models: \(models.joined(separator: ", ")); start them with the same --model")
    }
}
