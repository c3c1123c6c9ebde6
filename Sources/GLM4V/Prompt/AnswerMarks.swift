package import Tokenizing

/// The tokens that mark the parts of an answer, by their strings; nil where a model has none.
package struct AnswerMarks: Sendable, Hashable {
    package let thinkOpen, thinkClose: Int32?
    /// Of a model that writes its answer between them, GLM-4.1V: the second one ends it.
    package let answerOpen, answerClose: Int32?
    package let boxOpen, boxClose: Int32?
    package let all: Set<Int32>

    /// - Parameter template: that of GLM-4.6V-Flash knows no answer marks; where its tokenizer has them they are left out of the text all the same.
    package init(_ tokenizer: Tokenizer, _ template: ConversationTemplate) {
        let (open, close) = (tokenizer.id(of: "<answer>"), tokenizer.id(of: "</answer>"))
        thinkOpen = tokenizer.id(of: "<think>")
        thinkClose = tokenizer.id(of: "</think>")
        answerOpen = template == .verbatim ? open : nil
        answerClose = template == .verbatim ? close : nil
        boxOpen = tokenizer.id(of: "<|begin_of_box|>")
        boxClose = tokenizer.id(of: "<|end_of_box|>")
        all = Set([thinkOpen, thinkClose, open, close, boxOpen, boxClose].compactMap { $0 })
    }
}
