import Domain
package import Wire

/// Which stages skip work in denoising steps as far as a request wants it.
extension Registry {
    /// The largest `step_cache` that the diffusion stages of a model allow, as they have told, also those that do not serve now: one may be
    /// on its way back. Nil: none has told anything yet.
    /// - Parameter model: fingerprint of the model; nil: any.
    package func mostStepCache(model: String?) -> Float? {
        // A stage that starts has no fingerprint yet.
        replicas.groups.keys.filter { $0.kind == .diffusion && (model == nil || $0.fingerprint == model || $0.fingerprint.isEmpty) }
            .map(\.maxStepCache).max()
    }

    /// Why no stage of a model computes a request with this `step_cache`; nil: one does, or may come.
    package func refusal(ofStepCache value: Float, model: String?) -> CallError? {
        guard value > 0, let most = mostStepCache(model: model), !(value <= most) else { return nil }
        let allowed = most > 0 ? "this fleet allows \(most)" : "this fleet allows none; --step-cache of its diffusion stages says how much"
        return CallError(.invalidArgument, "step_cache \(value), \(allowed)")
    }
}
