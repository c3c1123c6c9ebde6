/// Natural logarithms of the softmax of the logits after penalties and before temperature and limits.
package struct TokenLogprobs: Sendable, Hashable {
    package struct Alternative: Sendable, Hashable {
        package var id: Int32
        package var logprob: Float

        package init(id: Int32, logprob: Float) {
            self.id = id
            self.logprob = logprob
        }
    }

    /// Of the token that was sampled or forced.
    package var chosen: Float
    /// The likeliest first, of equals the one with the lower id; the token itself may be among them.
    package var alternatives: [Alternative]

    package init(chosen: Float, alternatives: [Alternative]) {
        self.chosen = chosen
        self.alternatives = alternatives
    }
}
