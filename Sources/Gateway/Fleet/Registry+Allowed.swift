package import Domain
package import Wire

/// Which model computes the request of a caller whose key names models.
extension Registry {
    /// The checkpoints of a request; see ``modelSet(named:pipeline:for:expected:)``.
    ///
    /// A request without a name goes to the only model of those allowed that the fleet has for it. A model that is not there and one that is not
    /// allowed get the same answer, which names no other model of the fleet.
    ///
    /// - Parameter allowed: names of models; empty: all.
    package func modelSet(
        named name: String, within allowed: [String], pipeline: PipelineID, for kinds: [StageKind], expected: Set<StageKind> = []
    ) throws(CallError) -> ModelSet {
        guard !allowed.isEmpty else { return try modelSet(named: name, pipeline: pipeline, for: kinds, expected: expected) }
        var found: [Result<ModelSet, CallError>] = []
        for model in allowed where name.isEmpty || name == model {
            let result = Result { () throws(CallError) in try modelSet(named: model, pipeline: pipeline, for: kinds, expected: expected) }
            // Of this status is a model that the fleet does not have, or has for other requests.
            if case .failure(let error) = result, error.status == .failedPrecondition { continue }
            found.append(result)
        }
        // None of them can be had now: that is no question of which.
        if let first = found.first, found.allSatisfy({ (try? $0.get()) == nil }) { return try first.get() }
        guard let only = found.first, found.count == 1 else {
            let known = allowed.joined(separator: ", ")
            throw CallError(
                .failedPrecondition,
                found.isEmpty
                    ? "there is no model \(name.isEmpty ? "that can do this" : name.prefix(bytes: 256)) for this key; it may use \(known)"
                    : "model is not set, and this key may use several: \(known)")
        }
        return try only.get()
    }
}
