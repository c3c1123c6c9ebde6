import Domain
import Foundation

// What a reference file of the task `visual-question` holds beside the parts.

extension ReferenceFile {
    /// The conversation, its images empty.
    func conversation() throws -> Conversation {
        let messages: [Message]
        do {
            messages = try JSONDecoder().decode([Message].self, from: Data(text("messages").utf8))
        } catch let error as DecodingError {
            throw VerificationError("metadata messages: \(error)")
        }
        return try Conversation(
            messages.map { message in
                guard let role = ChatMessage.Role(rawValue: message.role) else {
                    throw VerificationError("metadata messages: the role \(message.role) is none of the conversation's")
                }
                return ChatMessage(role: role, parts: message.parts, reasoning: message.reasoning ?? "")
            })
    }

    func thinking() throws -> AnswerOptions.Thinking {
        guard hasText("enable_thinking") else { return .automatic }
        return try number("enable_thinking", Bool.self) ? .on : .off
    }

    /// Extents in patches of the images.
    func imageGrids() throws -> [GridSize] { has("processor.image_grid_thw") ? try grids(to: 16_384) : [] }
}

/// A message as transformers has it.
private struct Message: Decodable {
    let role: String
    let parts: [ChatMessage.Part]
    let reasoning: String?

    enum CodingKeys: String, CodingKey {
        case role, content
        case reasoning = "reasoning_content"
    }

    private struct Item: Decodable {
        let type: String
        let text: String?
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        role = try values.decode(String.self, forKey: .role)
        reasoning = try values.decodeIfPresent(String.self, forKey: .reasoning)
        if let text = try? values.decode(String.self, forKey: .content) {
            parts = [.text(text)]
        } else {
            parts = try values.decode([Item].self, forKey: .content).map { item in
                switch (item.type, item.text) {
                case ("text", let text?): .text(text)
                case ("image", _): .image([])
                default:
                    throw DecodingError.dataCorruptedError(
                        forKey: .content, in: values, debugDescription: "\(item.type) is neither a text nor an image")
                }
            }
        }
    }
}
