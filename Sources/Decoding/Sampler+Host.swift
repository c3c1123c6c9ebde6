import Tensor

/// A token that was sampled or forced.
struct HostSample {
    let id: Int32
    var logprobs: TokenLogprobs?
}

extension Sampler {
    /// Samples a token from one row of logits on the host, as the shaping asks.
    ///
    /// - Parameters:
    ///   - position: the number of tokens generated before.
    ///   - history: of the request.
    ///   - forced: the id that must be taken; below the number of logits.
    ///   - sampler: whose buffers are used.
    /// - Returns: nil if a logit is NaN or +∞.
    func sample(_ logits: [Float], at position: Int, behind history: TokenHistory, forced: Int32?, with sampler: inout HostSampler) -> HostSample? {
        var logits = logits
        shaping.penalize(&logits, history)
        guard let sampled = sampler.sample(logits, parameters(at: position), minP: shaping.minP) else { return nil }
        let id = forced ?? sampled
        return HostSample(id: id, logprobs: shaping.logprobs.map { TokenLogprobs(of: id, logits, alternatives: $0) })
    }
}
