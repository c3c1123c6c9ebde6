package import Wire

/// The stages that one request uses.
package struct Route: Sendable, Hashable {
    package var stages: [StageKind: Registry.Replica]
    /// Of the model that all of them serve.
    package var modelName: String
    package var modelFingerprint: String

    package init(stages: [StageKind: Registry.Replica], modelName: String, modelFingerprint: String) {
        self.stages = stages
        self.modelName = modelName
        self.modelFingerprint = modelFingerprint
    }

    package subscript(_ kind: StageKind) -> Registry.Replica {
        guard let replica = stages[kind] else { preconditionFailure("the route has no \(kind) stage") }
        return replica
    }
}

extension Registry {
    /// One serving stage of each kind, all of the same model; of several, the least busy.
    ///
    /// - Throws: UNAVAILABLE for a kind of which none serves; FAILED_PRECONDITION when those that serve differ in their models.
    package func route(for kinds: [StageKind]) throws(CallError) -> Route {
        var candidates: [StageKind: [Replica]] = [:]
        for kind in kinds {
            candidates[kind] = listing.filter { $0.kind == kind && $0.serves }
            if candidates[kind]!.isEmpty { throw missing(kind) }
        }
        // The model that the most stages serve, so that one stray stage doesn't decide.
        let models = Dictionary(grouping: candidates.values.joined().compactMap(\.description?.modelFingerprint), by: { $0 })
            .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map(\.key)
        for model in models {
            var route = Route(stages: [:], modelName: "", modelFingerprint: model)
            for kind in kinds {
                let fitting = candidates[kind]!.filter { $0.description?.modelFingerprint == model }
                guard let replica = fitting.min(by: { $0.busy < $1.busy }) else { break }
                route.stages[kind] = replica
                route.modelName = replica.description?.modelName ?? ""
            }
            if route.stages.count == kinds.count { return route }
        }
        throw disagreement(kinds.compactMap { candidates[$0]?.first })
    }

    private func missing(_ kind: StageKind) -> CallError {
        let known = listing.filter { $0.kind == kind }
        guard !known.isEmpty else {
            // A socket that has not answered may be of the kind by its name.
            let silent = listing.first { $0.description == nil && "\($0.address)".contains("/\(kind.rawValue)-") }
            let detail = silent.map { "; \($0.address) \($0.problem)" } ?? ""
            return CallError(.unavailable, "no \(kind) stage is running\(detail); start \(kind.program) \(place)", retryAfter: silent == nil ? nil : .milliseconds(200))
        }
        let starting = known.contains { $0.description?.state == .starting }
        return CallError(
            .unavailable, "no \(kind) stage serves: " + known.map { "\($0.name) \($0.problem)" }.joined(separator: ", "),
            retryAfter: starting ? .milliseconds(200) : nil)
    }

    private func disagreement(_ replicas: [Replica]) -> CallError {
        let models = replicas.compactMap { replica in
            replica.description.map { "\(replica.name) has \($0.modelName) \($0.modelFingerprint)" }
        }
        return CallError(
            .failedPrecondition, "the stages serve different models: \(models.joined(separator: ", ")); start them with the same --model")
    }
}
