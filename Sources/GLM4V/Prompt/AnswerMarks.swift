package import Tokenizing

/// The tokens that mark the parts of an answer, by their strings; nil where a model has none.
package struct AnswerMarks: Sendable, Hashable {
    package let thinkOpen, thinkClose: Int32?
    /// GLM-4.1V's alone.
    package let answerOpen, answerClose: Int32?
    package let boxOpen, boxClose: Int32?
    package let all: Set<Int32>

    package init(_ tokenizer: Tokenizer) {
        thinkOpen = tokenizer.id(of: "<think>")
        thinkClose = tokenizer.id(of: "</think>")
        answerOpen = tokenizer.id(of: "<answer>")
        answerClose = tokenizer.id(of: "</answer>")
        boxOpen = tokenizer.id(of: "<|begin_of_box|>")
        boxClose = tokenizer.id(of: "<|end_of_box|>")
        all = Set([thinkOpen, thinkClose, answerOpen, answerClose, boxOpen, boxClose].compactMap { $0 })
    }
}
