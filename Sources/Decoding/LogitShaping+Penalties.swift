extension LogitShaping {
    var hasPenalties: Bool { repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0 }

    /// Applies the penalties to one row of logits, and leaves out the excluded ids.
    ///
    /// Reference: transformers 5.23 `RepetitionPenaltyLogitsProcessor`; vLLM `apply_penalties`.
    func penalize(_ logits: inout [Float], _ history: TokenHistory) {
        if repetitionPenalty != 1 {
            func penalize(_ id: Int32) {
                guard logits.indices.contains(Int(id)) else { return }
                let logit = logits[Int(id)]
                logits[Int(id)] = logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty
            }
            history.prompt.forEach(penalize)
            for id in history.counts.keys where !history.prompt.contains(id) { penalize(id) }
        }
        if presencePenalty != 0 || frequencyPenalty != 0 {
            for (id, count) in history.counts where logits.indices.contains(Int(id)) {
                logits[Int(id)] -= frequencyPenalty * Float(count) + presencePenalty
            }
        }
        for id in excluded where logits.indices.contains(Int(id)) { logits[Int(id)] = -.infinity }
    }
}
