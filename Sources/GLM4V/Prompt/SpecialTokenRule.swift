import Domain
import Tokenizing

/// Keeps the texts of messages from saying what only the template may: who speaks, where an image stands, what is a thought.
struct SpecialTokenRule: Sendable {
    private let tokenizer: Tokenizer
    /// Tokens that a model writes itself.
    private let marks: Set<Int32>
    /// A user's own way to switch thinking off, which the template looks for.
    private let switchID: Int32?

    init(_ tokenizer: Tokenizer, _ marks: AnswerMarks) {
        self.tokenizer = tokenizer
        self.marks = marks.all
        switchID = tokenizer.id(of: ConversationTemplate.noThinking)
    }

    /// - Throws: `RequestError` naming the token and the message that holds it.
    func check(_ text: ConversationText) throws(RequestError) {
        var found: [Int32] = []
        for segment in text.segments {
            let ids = tokenizer.addedTokens(in: segment.text)
            found += ids
            let (index, allowed): (Int, Set<Int32>)
            switch segment.source {
            case .template: continue
            case .message(let message): (index, allowed) = (message, [])
            case .answer(let message): (index, allowed) = (message, marks)
            }
            if let id = ids.first(where: { isReserved($0) && !allowed.contains($0) }) {
                throw RequestError(
                    "messages[\(index)] contains the special token \(tokenizer.decode([id])), which only marks the parts of a conversation")
            }
        }
        // Where a text meets the template's, a token could arise that is in neither.
        let all = tokenizer.addedTokens(in: text.text)
        guard all == found else {
            let other = all.first { id in all.count { $0 == id } > found.count { $0 == id } }
            throw RequestError("messages: a text joins the template's to the special token \(other.map { tokenizer.decode([$0]) } ?? "before it")")
        }
    }

    /// Whether a token stands for something else than its text: one that is flagged special, or written as marks are. Fine-tunes add
    /// words, too, which anybody may use.
    private func isReserved(_ id: Int32) -> Bool {
        guard id != switchID else { return false }
        let text = tokenizer.decode([id])
        return tokenizer.specialIDs.contains(id) || text.hasPrefix("<") && text.hasSuffix(">")
    }
}
