import Domain

/// An answer as it is written while it comes: the decisions, without streams.
///
/// The answer goes to standard output, so that a pipe gets it and nothing else; thoughts go to standard error, dimmed where that is a terminal.
package struct AnswerText: Sendable {
    /// What is to be written, harmless to a terminal.
    package enum Output: Hashable, Sendable {
        case answer(String)
        case thought(String)
    }

    private static let dim = "\u{1B}[2m", plain = "\u{1B}[22m"

    /// Whether thoughts are dimmed.
    private let dims: Bool
    private var isThinking = false
    private var endsLine = true

    package init(dimsThoughts: Bool) { dims = dimsThoughts }

    /// - Parameters:
    ///   - reasoning: what follows the thoughts so far.
    ///   - text: what follows the answer so far; it comes behind the thoughts.
    package mutating func show(reasoning: String, text: String) -> [Output] {
        var outputs: [Output] = []
        if !reasoning.isEmpty {
            let shown = reasoning.printableLines
            outputs.append(.thought(dims && !isThinking ? Self.dim + shown : shown))
            isThinking = true
            endsLine = reasoning.hasSuffix("\n")
        }
        if !text.isEmpty {
            outputs += endThought()
            outputs.append(.answer(text.printableLines))
            endsLine = text.hasSuffix("\n")
        }
        return outputs
    }

    /// The answer is complete, or has failed: what follows begins on a line of its own.
    package mutating func end() -> [Output] {
        let outputs = endThought()
        defer { endsLine = true }
        return endsLine ? outputs : outputs + [.answer("\n")]
    }

    private mutating func endThought() -> [Output] {
        guard isThinking else { return [] }
        let closing = (dims ? Self.plain : "") + (endsLine ? "" : "\n")
        isThinking = false
        endsLine = true
        return closing.isEmpty ? [] : [.thought(closing)]
    }
}
