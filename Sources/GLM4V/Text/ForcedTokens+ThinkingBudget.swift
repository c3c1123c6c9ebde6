package import Decoding
package import Domain

extension ForcedTokens {
    /// Ends a thought once `budget` tokens stand behind `<think>`: by `</think>`, and with GLM-4.1V by the mark that opens its answer.
    ///
    /// Reference: the `</think><answer>` that zai-org's own test of GLM-4.1V appends.
    /// - Throws: when the model has no marks for thoughts.
    package init(thinkingBudget budget: Int, _ marks: AnswerMarks) throws(RequestError) {
        guard let open = marks.thinkOpen, let close = marks.thinkClose else {
            throw RequestError("thinking_budget is set; this model does not mark its thoughts")
        }
        let closing = [close] + (marks.answerOpen.map { [$0] } ?? [])
        self.init { ids in
            guard let start = ids.firstIndex(of: open) else { return nil }
            let thoughts = ids[(start + 1)...]
            // A model that ends its thought by itself exactly here is helped along to its answer all the same.
            let next = thoughts.count - budget
            guard closing.indices.contains(next), !thoughts.prefix(budget).contains(close) else { return nil }
            return closing[next]
        }
    }
}
