/// What a sampler does with logits beyond temperature, top-k and top-p.
///
/// Order, as in transformers 5.23's `_get_logits_processor`: repetition penalty, then (as vLLM has them) frequency and presence penalty, then
/// temperature, top-k, top-p, min-p.
package struct LogitShaping: Sendable, Hashable {
    /// Only tokens at least this many times as likely as the likeliest of those that top-k and top-p leave; 0: all.
    package var minP: Float
    /// Divides the positive and multiplies the negative logits of tokens that the prompt or the answer holds; 1: nothing.
    package var repetitionPenalty: Float
    /// Subtracted from the logits of tokens that the answer holds.
    package var presencePenalty: Float
    /// Subtracted from the logits of a token once for each time that the answer holds it.
    package var frequencyPenalty: Float
    /// How many alternatives are reported with the log probability of each token; nil: no log probabilities.
    package var logprobs: Int?
    /// Ids that are never sampled, because no token has them.
    package var excluded: [Int32]

    package init(
        minP: Float = 0, repetitionPenalty: Float = 1, presencePenalty: Float = 0, frequencyPenalty: Float = 0, logprobs: Int? = nil,
        excluded: [Int32] = []
    ) {
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.logprobs = logprobs
        self.excluded = excluded
    }

    /// Nothing of it.
    package static let none = LogitShaping()
}
