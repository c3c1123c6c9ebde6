/// How codes are sampled. Values that are nil come from the checkpoint's generation_config.json.
public struct Sampling: Sendable, Hashable {
    /// Always the most probable code; the other values are ignored. The model was not trained for this; images may repeat themselves.
    public var greedy: Bool
    /// Divides the logits.
    public var temperature: Float?
    /// Nucleus sampling: only the smallest set of codes with at least this probability.
    public var topP: Float?
    /// Only the k most probable codes.
    public var topK: Int?

    public init(greedy: Bool = false, temperature: Float? = nil, topP: Float? = nil, topK: Int? = nil) {
        self.greedy = greedy
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
    }

    func check() throws(RequestError) {
        try RequestLimits.check("temperature", temperature, in: RequestLimits.temperature)
        try RequestLimits.check("top_p", topP, in: RequestLimits.topP)
        try RequestLimits.check("top_k", topK, in: RequestLimits.topK)
    }
}
