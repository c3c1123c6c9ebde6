package import Domain

extension ConversationTemplate {
    /// The text of a conversation, up to where the model's answer begins. `<|image|>` stands once for each image.
    /// - Throws: for what the template would leave out without a word.
    package func render(_ conversation: Conversation, thinking: AnswerOptions.Thinking) throws(RequestError) -> ConversationText {
        if self == .verbatim, thinking == .off {
            throw RequestError("thinking is off; this model has no switch for it, but thinking_budget cuts its thoughts short")
        }
        var result = ConversationText()
        result.append(Self.opening, .template)
        for (index, message) in conversation.messages.enumerated() {
            result.append("<|\(message.role.rawValue)|>", .template)
            switch message.role {
            case .system:
                result.append("\n", .template)
                result.append(message.text, .message(index))
            case .user: user(message, index, thinks: thinking != .off, &result)
            case .assistant: try assistant(message, index, &result)
            }
        }
        result.append("<|assistant|>\n", .template)
        if thinking == .off { result.append(Self.noThoughts + "\n", .template) }
        return result
    }

    private func user(_ message: ChatMessage, _ index: Int, thinks: Bool, _ result: inout ConversationText) {
        result.append("\n", .template)
        for part in message.parts {
            switch part {
            case .text(let text): result.append(text, .message(index))
            case .image: result.append(Self.image, .template)
            }
        }
        if !thinks, result.segments.last?.text.utf8.reversed().starts(with: Self.noThinking.utf8.reversed()) != true {
            result.append(Self.noThinking, .template)
        }
    }

    private func assistant(_ message: ChatMessage, _ index: Int, _ result: inout ConversationText) throws(RequestError) {
        switch self {
        case .verbatim:
            guard message.reasoning.isEmpty else {
                throw RequestError(
                    "messages[\(index)] has reasoning, which this model is not shown; it belongs into the text, between <think> and </think>")
            }
            result.append("\n", .template)
            result.append(message.text, .answer(index))
        case .thinkingSwitch:
            // A user's turn always follows, and the template leaves out the thoughts before that.
            let answer = (message.reasoning.isEmpty ? message.text.afterThoughts : message.text).stripped
            result.append("\n" + Self.noThoughts, .template)
            if !answer.isEmpty { result.append("\n", .template) }
            result.append(answer, .answer(index))
        }
    }
}

extension ChatMessage {
    /// Its texts without anything between them.
    fileprivate var text: String { parts.map { if case .text(let text) = $0 { text } else { "" } }.joined() }
}

extension String {
    /// What follows the last `</think>`; all where there is none.
    fileprivate var afterThoughts: String {
        // By bytes: a combining mark behind a tag makes another character of its last one.
        let (bytes, end) = (Array(utf8), Array("</think>".utf8))
        guard bytes.count >= end.count, let start = (0...bytes.count - end.count).last(where: { bytes[$0..<$0 + end.count].elementsEqual(end) })
        else {
            return self
        }
        return String(decoding: bytes[(start + end.count)...], as: UTF8.self)
    }

    /// Without white space at both ends, as Python's `strip` has it.
    fileprivate var stripped: String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value) }
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !isSpace($0) }), let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(scalars[first...last])
    }
}
