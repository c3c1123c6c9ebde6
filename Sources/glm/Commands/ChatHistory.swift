import Domain

/// The turns of a chat so far, and the pictures that go with the next question.
struct ChatHistory: Sendable {
    private let opening: [ChatMessage]
    private var turns: [ChatMessage] = []
    private var pictures: [[UInt8]]

    /// - Parameters:
    ///   - opening: instructions that stay also when the rest is forgotten.
    ///   - pictures: of the first question.
    init(opening: [ChatMessage], pictures: [[UInt8]]) {
        self.opening = opening
        self.pictures = pictures
    }

    /// The next question takes this picture along.
    mutating func add(_ picture: [UInt8]) { pictures.append(picture) }

    /// The conversation that asks this next. The history does not change before the answer is there.
    func asking(_ question: String) throws(RequestError) -> Conversation { try Conversation(opening + turns + [message(question)]) }

    mutating func answered(_ question: String, _ answer: String) {
        turns += [message(question), ChatMessage(.assistant, answer)]
        pictures = []
    }

    mutating func forget() {
        turns = []
        pictures = []
    }

    private func message(_ question: String) -> ChatMessage { ChatMessage(role: .user, parts: pictures.map { .image($0) } + [.text(question)]) }
}
