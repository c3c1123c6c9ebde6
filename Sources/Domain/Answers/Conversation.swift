/// What a question model is asked: messages, the last of them a user's. Valid by construction.
public struct Conversation: Sendable, Hashable {
    public let messages: [ChatMessage]

    /// - Throws: for roles out of order, an empty message, pictures in another message than a user's, and for what exceeds
    ///   ``AnswerLimits``.
    public init(_ messages: [ChatMessage]) throws(RequestError) {
        guard AnswerLimits.messages.contains(messages.count) else {
            throw RequestError("messages has \(messages.count) elements; \(AnswerLimits.messages.lowerBound) to \(AnswerLimits.messages.upperBound)")
        }
        for (index, message) in messages.enumerated() { try Self.check(message, index, after: index > 0 ? messages[index - 1].role : nil) }
        guard messages.last?.role == .user else { throw RequestError("messages[\(messages.count - 1)].role is not user; the last message asks") }
        self.messages = messages
        let bytes = textBytes
        guard bytes <= AnswerLimits.textBytes else {
            throw RequestError("messages have \(bytes) bytes of text, the limit is \(AnswerLimits.textBytes)")
        }
        guard imageCount <= AnswerLimits.images else {
            throw RequestError("messages have \(imageCount) images, the limit is \(AnswerLimits.images)")
        }
    }

    /// Images of all messages, in their order.
    public var images: [[UInt8]] {
        messages.flatMap(\.parts).compactMap { if case .image(let bytes) = $0 { bytes } else { nil } }
    }

    public var imageCount: Int { messages.reduce(0) { $0 + $1.imageCount } }

    /// Bytes of UTF-8 of all messages, reasoning included.
    public var textBytes: Int { messages.reduce(0) { $0 + $1.textBytes } }

    /// The same conversation with empty images.
    public var withoutImages: Conversation {
        Conversation(
            valid: messages.map { message in
                var message = message
                message.parts = message.parts.map { if case .image = $0 { .image([]) } else { $0 } }
                return message
            })
    }

    private init(valid messages: [ChatMessage]) { self.messages = messages }

    private static func check(_ message: ChatMessage, _ index: Int, after previous: ChatMessage.Role?) throws(RequestError) {
        let place = "messages[\(index)]"
        switch (message.role, previous) {
        case (.system, .some): throw RequestError("\(place).role is system; only the first message may be")
        case (.assistant, nil), (.assistant, .system): throw RequestError("\(place).role is assistant before any user has asked")
        case (.assistant, .assistant): throw RequestError("\(place).role is assistant twice in a row")
        default: break
        }
        if message.parts.isEmpty || message.parts.allSatisfy(\.isEmptyText) { throw RequestError("\(place) is empty") }
        if message.role != .user, message.imageCount > 0 {
            throw RequestError("\(place) of role \(message.role.rawValue) holds an image; only a user's may")
        }
        if message.role != .assistant, !message.reasoning.isEmpty {
            throw RequestError("\(place) of role \(message.role.rawValue) has reasoning; only an assistant's may")
        }
    }
}

extension ChatMessage {
    public var imageCount: Int { parts.count { if case .image = $0 { true } else { false } } }

    fileprivate var textBytes: Int {
        parts.reduce(reasoning.utf8.count) { sum, part in if case .text(let text) = part { sum + text.utf8.count } else { sum } }
    }
}

extension ChatMessage.Part {
    fileprivate var isEmptyText: Bool { if case .text(let text) = self { text.allSatisfy(\.isWhitespace) } else { false } }
}
