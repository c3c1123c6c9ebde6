import Domain
import Wire

/// OpenAI's `ChatCompletion` and its chunks.
struct ChatCompletion: Sendable {
    let id: String
    /// Seconds since 1970.
    let created: Int
    /// Known once the question was accepted.
    var model = ""
    var fingerprint = ""

    /// The whole answer.
    func body(_ answer: Answer, logprobs: [TokenLogprob]?, withoutEffect: [String]) -> JSONValue {
        var message: [String: JSONValue] = ["role": "assistant", "content": .string(answer.text), "refusal": .null]
        if !answer.reasoning.isEmpty {
            // Servers differ in the name; clients take the first that is there.
            message["reasoning"] = .string(answer.reasoning)
            message["reasoning_content"] = .string(answer.reasoning)
            // The limit was met inside of the thought.
            if answer.text.isEmpty, answer.finish == .length { message["content"] = .null }
        }
        var body = head("chat.completion")
        body["choices"] = [
            .object([
                "index": 0, "message": .object(message), "finish_reason": .string(Self.reason(answer.finish)),
                "logprobs": logprobs.map(Self.logprobs) ?? .null,
            ])
        ]
        body["usage"] = Self.usage(answer.usage)
        body["seed"] = Int(exactly: answer.parameters.seed).map { .integer($0) } ?? .unsigned(answer.parameters.seed)
        body["build"] = .string(answer.build)
        body["numerics"] = .array(answer.numerics.map(\.json))
        if !answer.boxes.isEmpty { body["boxes"] = .array(answer.boxes.map(Self.box)) }
        if !withoutEffect.isEmpty { body["without_effect"] = .array(withoutEffect.map { .string($0) }) }
        return .object(body)
    }

    /// A chunk of the answer.
    /// - Parameters:
    ///   - end: of the last chunk: the answer.
    ///   - usage: nil: not told in this chunk.
    func chunk(_ delta: [String: JSONValue], end: Answer? = nil, logprobs: [TokenLogprob] = [], usage: AnswerUsage? = nil) -> JSONValue {
        var body = head("chat.completion.chunk")
        body["choices"] = [
            .object([
                "index": 0, "delta": .object(delta), "finish_reason": end.map { .string(Self.reason($0.finish)) } ?? .null,
                "logprobs": logprobs.isEmpty ? .null : Self.logprobs(logprobs),
            ])
        ]
        if let end { body["numerics"] = .array(end.numerics.map(\.json)) }
        if let usage { body["usage"] = Self.usage(usage) }
        return .object(body)
    }

    /// The chunk after the last: what the answer took.
    func usageChunk(_ usage: AnswerUsage) -> JSONValue {
        var body = head("chat.completion.chunk")
        body["choices"] = []
        body["usage"] = Self.usage(usage)
        return .object(body)
    }

    private func head(_ object: String) -> [String: JSONValue] {
        [
            "id": .string("chatcmpl-\(id)"), "object": .string(object), "created": .integer(created), "model": .string(model),
            "system_fingerprint": .string(fingerprint),
        ]
    }

    private static func reason(_ finish: FinishReason) -> String { finish == .length ? "length" : "stop" }

    private static func usage(_ usage: AnswerUsage) -> JSONValue {
        [
            "prompt_tokens": .integer(usage.promptTokens), "completion_tokens": .integer(usage.completionTokens),
            "total_tokens": .integer(usage.promptTokens + usage.completionTokens),
            "prompt_tokens_details": [
                "cached_tokens": .integer(usage.cachedTokens), "image_tokens": .integer(usage.imageTokens),
                "text_tokens": .integer(usage.promptTokens - usage.imageTokens),
            ],
            "completion_tokens_details": ["reasoning_tokens": .integer(usage.reasoningTokens)],
        ]
    }

    private static func logprobs(_ tokens: [TokenLogprob]) -> JSONValue {
        func entry(_ alternative: TokenLogprob.Alternative) -> [String: JSONValue] {
            [
                "token": .string(String(decoding: alternative.bytes, as: UTF8.self)), "logprob": .number(Double(alternative.logprob)),
                "bytes": .array(alternative.bytes.map { .integer(Int($0)) }),
            ]
        }
        let content = tokens.map { token -> JSONValue in
            var body = entry(token.token)
            body["top_logprobs"] = .array(token.alternatives.map { .object(entry($0)) })
            return .object(body)
        }
        return ["content": .array(content), "refusal": .null]
    }

    private static func box(_ box: AnswerBox) -> JSONValue {
        ["coordinates": .array(box.coordinates.map { .integer($0) }), "pixels": .array(box.pixels.map { .integer($0) })]
    }
}
