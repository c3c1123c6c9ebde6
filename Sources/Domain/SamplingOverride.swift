/// What a request may set instead of the checkpoint's generation_config.
public struct SamplingOverride: Sendable, Hashable {
    /// Take the likeliest code at each place. The model was not trained for this; pictures may repeat themselves.
    public var greedy: Bool
    public var temperature: Float?
    /// Codes are drawn from the smallest set that holds this share of the probability.
    public var topP: Float?
    /// Codes are drawn from this many of the likeliest.
    public var topK: Int?

    public init(greedy: Bool = false, temperature: Float? = nil, topP: Float? = nil, topK: Int? = nil) {
        self.greedy = greedy
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
    }
}
