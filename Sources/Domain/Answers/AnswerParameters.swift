/// How an answer is made, as a caller states it. What is nil is left to the checkpoint or to the gateway.
public struct AnswerOptions: Sendable, Hashable {
    /// Tokens of the answer at most, its reasoning included. Nil: what the context has left.
    public var maxTokens: Int?
    public var seed: UInt64?
    /// Divides the logits; 0: always the likeliest token.
    public var temperature: Float?
    /// Nucleus sampling: only the smallest set of tokens with at least this probability.
    public var topP: Float?
    /// Only the k likeliest tokens.
    public var topK: Int?
    /// Only tokens at least this many times as likely as the likeliest.
    public var minP: Float?
    /// Divides the positive and multiplies the negative logits of tokens that the prompt or the answer holds; 1: nothing.
    public var repetitionPenalty: Float?
    /// Subtracted from the logits of tokens that the answer holds.
    public var presencePenalty: Float?
    /// Subtracted from the logits of a token once for each time that the answer holds it.
    public var frequencyPenalty: Float?
    /// The answer ends before the first of these texts.
    public var stop: [String]
    /// How many alternatives are reported with the log probability of each token; nil: no log probabilities.
    public var logprobs: Int?
    public var thinking: Thinking
    /// Tokens of reasoning at most; the model is then made to answer.
    public var thinkingBudget: Int?
    /// Leaves marks of reasoning, answers and boxes in the text.
    public var raw: Bool
    /// Pixels of an image after its resize, at most; nil: the checkpoint's own limit.
    public var maxPixels: Int?

    /// Whether the model thinks before it answers.
    public enum Thinking: String, Sendable, Hashable, CaseIterable {
        /// As the checkpoint's template has it.
        case automatic, on, off
    }

    public init(
        maxTokens: Int? = nil, seed: UInt64? = nil, temperature: Float? = nil, topP: Float? = nil, topK: Int? = nil, minP: Float? = nil,
        repetitionPenalty: Float? = nil, presencePenalty: Float? = nil, frequencyPenalty: Float? = nil, stop: [String] = [], logprobs: Int? = nil,
        thinking: Thinking = .automatic, thinkingBudget: Int? = nil, raw: Bool = false, maxPixels: Int? = nil
    ) {
        self.maxTokens = maxTokens
        self.seed = seed
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.stop = stop
        self.logprobs = logprobs
        self.thinking = thinking
        self.thinkingBudget = thinkingBudget
        self.raw = raw
        self.maxPixels = maxPixels
    }

    /// Checks the values that are set against ``AnswerLimits``.
    public func check() throws(RequestError) {
        try RequestLimits.check("max_tokens", maxTokens, in: AnswerLimits.maxTokens)
        try RequestLimits.check("temperature", temperature, in: AnswerLimits.temperature)
        try RequestLimits.check("top_p", topP, in: AnswerLimits.topP)
        try RequestLimits.check("top_k", topK, in: AnswerLimits.topK)
        try RequestLimits.check("min_p", minP, in: AnswerLimits.minP)
        try RequestLimits.check("repetition_penalty", repetitionPenalty, in: AnswerLimits.repetitionPenalty)
        try RequestLimits.check("presence_penalty", presencePenalty, in: AnswerLimits.penalty)
        try RequestLimits.check("frequency_penalty", frequencyPenalty, in: AnswerLimits.penalty)
        try RequestLimits.check("logprobs", logprobs, in: AnswerLimits.alternatives)
        try RequestLimits.check("thinking_budget", thinkingBudget, in: AnswerLimits.maxTokens)
        try RequestLimits.check("max_pixels", maxPixels, in: AnswerLimits.maximumPixels)
        guard stop.count <= AnswerLimits.stopStrings else {
            throw RequestError("stop has \(stop.count) strings, the limit is \(AnswerLimits.stopStrings)")
        }
        for (index, text) in stop.enumerated() where !(1...AnswerLimits.stopBytes).contains(text.utf8.count) {
            throw RequestError("stop[\(index)] has \(text.utf8.count) bytes; 1 to \(AnswerLimits.stopBytes)")
        }
        if thinking == .off, thinkingBudget != nil { throw RequestError("thinking_budget is set and thinking is off") }
    }
}

/// The same, within ``AnswerLimits`` by construction and with a seed: equal requests have equal answers.
public struct AnswerParameters: Sendable, Hashable {
    public let options: AnswerOptions
    public let seed: UInt64

    /// - Throws: for a value outside its limits, and when the seed is nil.
    public init(_ options: AnswerOptions) throws(RequestError) {
        try options.check()
        guard let seed = options.seed else { throw RequestError("seed is not set") }
        self.options = options
        self.seed = seed
    }
}
