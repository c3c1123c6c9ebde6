/// A conversation as a template lays it out: the template's own text and the messages' in turn.
package struct ConversationText: Sendable, Hashable {
    package struct Segment: Sendable, Hashable {
        package var text: String
        /// Whose text it is.
        package var source: Source
    }

    package enum Source: Sendable, Hashable {
        case template
        /// Of the message with this index.
        case message(Int)
        /// Of an assistant's message with this index: a model wrote it, which marks thoughts, answers and boxes.
        case answer(Int)
    }

    package private(set) var segments: [Segment] = []

    package var text: String { segments.map(\.text).joined() }

    /// Neighbours of the same source become one segment: tokens are found across them.
    mutating func append(_ text: String, _ source: Source) {
        guard !text.isEmpty else { return }
        if segments.last?.source == source {
            segments[segments.count - 1].text += text
        } else {
            segments.append(Segment(text: text, source: source))
        }
    }
}
