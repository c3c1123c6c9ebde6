/// One message of a conversation.
public struct ChatMessage: Sendable, Hashable {
    public enum Role: String, Sendable, Hashable, CaseIterable {
        case system, user, assistant
    }

    /// A piece of a message.
    public enum Part: Sendable, Hashable {
        case text(String)
        /// A PNG, JPEG or WebP file. Empty in a request to the text stage, where the picture's rows stand beside the messages.
        case image([UInt8])
    }

    public var role: Role
    /// In the order in which the model reads them.
    public var parts: [Part]
    /// What an assistant has thought before its answer; empty: nothing, or not known.
    public var reasoning: String

    public init(role: Role, parts: [Part] = [], reasoning: String = "") {
        self.role = role
        self.parts = parts
        self.reasoning = reasoning
    }

    public init(_ role: Role, _ text: String) { self.init(role: role, parts: [.text(text)]) }
}
