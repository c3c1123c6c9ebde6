import Domain

/// The messages of a chat, as clients write them.
enum ChatMessages {
    /// Pieces of one message.
    private static let parts = 64

    /// The addresses of pictures in messages that are to be read.
    static func links(in messages: JSONValue?) -> [(field: String, text: String)] {
        guard case .array(let list)? = messages else { return [] }
        return list.flatMap { message -> [(field: String, text: String)] in
            guard case .object(let message) = message, case .array(let parts)? = message["content"] else { return [] }
            return parts.compactMap { part in
                guard case .object(let part) = part else { return nil }
                var url = part["image_url"]
                if case .object(let inner)? = url { url = inner["url"] }
                guard case .string(let text)? = url, ImageReference.isLink(text) else { return nil }
                return ("messages", text)
            }
        }
    }

    /// - Parameter fetched: pictures by their addresses.
    /// - Returns: the conversation; `hasDetail`: an image had a `detail`, which changes nothing.
    static func read(_ fields: inout Fields, fetched: [String: [UInt8]]) throws(APIError) -> (value: [ChatMessage], hasDetail: Bool) {
        guard let value = fields.value("messages") else {
            throw APIError(400, "missing_required_parameter", "messages is missing", param: "messages")
        }
        guard case .array(let list) = value else { throw .invalid("messages", "messages is \(value.kind); an array is needed") }
        guard AnswerLimits.messages.contains(list.count) else {
            throw .invalid(
                "messages", "messages has \(list.count) entries; \(AnswerLimits.messages.lowerBound) to \(AnswerLimits.messages.upperBound)")
        }
        var messages: [ChatMessage] = [], hasDetail = false
        for (index, entry) in list.enumerated() { messages.append(try message(entry, "messages[\(index)]", fetched, &hasDetail)) }
        return (messages, hasDetail)
    }

    private static func message(
        _ value: JSONValue, _ field: String, _ fetched: [String: [UInt8]], _ hasDetail: inout Bool
    ) throws(APIError) -> ChatMessage {
        guard case .object = value else { throw .invalid("messages", "\(field) is \(value.kind); an object is needed") }
        var fields = try Fields(json: value)
        guard let name = try fields.string("role") else { throw .invalid("messages", "\(field) has no role") }
        let roles: [String: ChatMessage.Role] = ["system": .system, "developer": .system, "user": .user, "assistant": .assistant]
        guard let role = roles[name] else {
            throw APIError(
                400, "unsupported_value", "\(field): role \"\(name.prefix(32))\" is not system, developer, user or assistant", param: "messages")
        }
        var message = ChatMessage(role: role)
        message.parts = try content(fields.value("content"), "\(field).content", fetched, &hasDetail)
        if role == .assistant {
            // Answers have both names; clients send back what they got.
            let (a, b) = (try fields.string("reasoning"), try fields.string("reasoning_content"))
            message.reasoning = a ?? b ?? ""
            try fields.unsupported("tool_calls", "the model is given no tools here")
            try fields.unsupported("refusal", "not supported")
            try fields.unsupported("audio", "not supported")
            for name in ["annotations", "function_call"] { try fields.unsupported(name, "not supported") }
        }
        try fields.recorded("name")
        do { try fields.refuseUnknown() } catch { throw APIError(400, error.code, "\(field): \(error.message)", param: "messages") }
        return message
    }

    private static func content(
        _ value: JSONValue?, _ field: String, _ fetched: [String: [UInt8]], _ hasDetail: inout Bool
    ) throws(APIError) -> [ChatMessage.Part] {
        switch value {
        case .string(let text): return [.text(text)]
        case .array(let list):
            guard list.count <= parts else { throw .invalid("messages", "\(field) has \(list.count) parts; at most \(parts)") }
            var result: [ChatMessage.Part] = []
            for (index, entry) in list.enumerated() { result.append(try part(entry, "\(field)[\(index)]", fetched, &hasDetail)) }
            return result
        case nil: throw .invalid("messages", "\(field) is missing")
        case .some(let other): throw .invalid("messages", "\(field) is \(other.kind); a string or an array of parts is needed")
        }
    }

    private static func part(
        _ value: JSONValue, _ field: String, _ fetched: [String: [UInt8]], _ hasDetail: inout Bool
    ) throws(APIError) -> ChatMessage.Part {
        guard case .object = value else { throw .invalid("messages", "\(field) is \(value.kind); an object is needed") }
        var fields = try Fields(json: value)
        let type = try fields.string("type") ?? ""
        let part: ChatMessage.Part
        switch type {
        case "text":
            guard let text = try fields.string("text") else { throw .invalid("messages", "\(field) has no text") }
            part = .text(text)
        case "image_url":
            var url: String?
            switch fields.value("image_url") {
            case .string(let text): url = text
            case .some(let object):
                var inner = try Fields(json: object)
                url = try inner.string("url")
                if try inner.string("detail") != nil { hasDetail = true }
                try inner.refuseUnknown()
            case nil: break
            }
            guard let url else { throw .invalid("messages", "\(field) has no image_url.url") }
            part = .image(try ImageReference.bytes(url, fetched: fetched, field))
        default:
            throw APIError(400, "unsupported_value", "\(field): type \"\(type.prefix(32))\" is neither text nor image_url", param: "messages")
        }
        do { try fields.refuseUnknown() } catch { throw APIError(400, error.code, "\(field): \(error.message)", param: "messages") }
        return part
    }
}
