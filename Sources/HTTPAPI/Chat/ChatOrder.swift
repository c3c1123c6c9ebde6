import Domain
package import Wire

/// What one HTTP request for a chat completion asks for: a question to the gateway, and how it is answered.
package struct ChatOrder: Sendable, Hashable {
    package var request: AnswerQuestionRequest
    package var isStream: Bool
    /// A stream ends with a chunk that has the usage.
    package var tellsUsage: Bool
    /// Every chunk has the usage so far.
    package var tellsUsageAlways: Bool
    package var withoutEffect: [String]

    /// - Parameters:
    ///   - fields: all of them are read.
    ///   - fetched: pictures by the addresses that the messages have.
    package init(_ fields: inout Fields, fetched: [String: [UInt8]] = [:]) throws(APIError) {
        let messages = try ChatMessages.read(&fields, fetched: fetched)
        var options = AnswerOptions()
        options.maxTokens = try fields.same("max_tokens", "max_completion_tokens")
        options.temperature = try fields.number("temperature")
        if try fields.flag("do_sample") == false { options.temperature = 0 }
        options.topP = try fields.number("top_p")
        options.topK = try fields.integer("top_k")
        options.minP = try fields.number("min_p")
        options.repetitionPenalty = try fields.number("repetition_penalty")
        options.presencePenalty = try fields.number("presence_penalty")
        options.frequencyPenalty = try fields.number("frequency_penalty")
        options.seed = try fields.unsigned("seed")
        options.stop = try fields.stopStrings()
        options.logprobs = try fields.alternatives()
        options.thinking = try fields.thinking()

        isStream = try fields.flag("stream") ?? false
        var usage = try fields.object("stream_options")
        if !isStream, usage != nil { throw .invalid("stream_options", "stream_options without stream") }
        tellsUsage = try usage?.flag("include_usage") ?? false
        tellsUsageAlways = try usage?.flag("continuous_usage_stats") ?? false
        try usage?.decoration("include_obfuscation", [.bool(false)])
        try usage?.refuseUnknown()

        try fields.refuseWhatNoModelAnswers()
        let model = try fields.string("model") ?? ""
        let user = try fields.user()
        withoutEffect = fields.withoutEffect
        request = AnswerQuestionRequest(messages: messages.value, model: model, parameters: options, user: user)
        if messages.hasDetail { withoutEffect.append("messages.content.image_url.detail") }
        try fields.refuseUnknown()
    }
}

extension Fields {
    /// Two names of one number.
    fileprivate mutating func same(_ first: String, _ second: String) throws(APIError) -> Int? {
        let (a, b) = (try integer(first), try integer(second))
        if let a, let b, a != b { throw .invalid(second, "\(first) \(a) is not \(second) \(b)") }
        return a ?? b
    }

    /// One string, or some.
    fileprivate mutating func stopStrings() throws(APIError) -> [String] {
        switch value("stop") {
        case nil: return []
        case .string(let text): return [text]
        case .array(let list):
            var texts: [String] = []
            for case .string(let text) in list { texts.append(text) }
            guard texts.count == list.count else { throw .invalid("stop", "stop holds something that is no string") }
            return texts
        case .some(let other): throw .invalid("stop", "stop is \(other.kind); a string or an array of strings is needed")
        }
    }

    /// Alternatives of each token that are told with its log probability; nil: no log probabilities.
    fileprivate mutating func alternatives() throws(APIError) -> Int? {
        let isAsked = try flag("logprobs") ?? false
        let count = try integer("top_logprobs", in: AnswerLimits.alternatives)
        if let count, count > 0, !isAsked { throw .invalid("top_logprobs", "top_logprobs \(count) without logprobs") }
        return isAsked ? count ?? 0 : nil
    }

    /// Four ways to say one thing; those that are there must agree.
    fileprivate mutating func thinking() throws(APIError) -> AnswerOptions.Thinking {
        var said: [(name: String, on: Bool)] = []
        if var template = try object("chat_template_kwargs") {
            if let on = try template.flag("enable_thinking") { said.append(("chat_template_kwargs", on)) }
            do { try template.refuseUnknown() } catch {
                throw APIError(400, "unsupported_parameter", "chat_template_kwargs: \(error.message)", param: "chat_template_kwargs")
            }
        }
        if var thinking = try object("thinking") {
            if let type = try thinking.choice("type", ["enabled", "disabled"]) { said.append(("thinking", type == "enabled")) }
            try thinking.refuseUnknown()
        }
        let efforts = ["none", "minimal", "low", "medium", "high", "xhigh"]
        if let effort = try choice("reasoning_effort", efforts) {
            if effort == "none" { said.append(("reasoning_effort", false)) } else { try decoration("reasoning_effort") }
        }
        if var reasoning = try object("reasoning") {
            if let effort = try reasoning.choice("effort", efforts) {
                if effort == "none" { said.append(("reasoning", false)) } else { try decoration("reasoning") }
            }
            try reasoning.refuseUnknown()
        }
        guard let first = said.first else { return .automatic }
        if let other = said.first(where: { $0.on != first.on }) {
            throw .invalid(other.name, "\(other.name) and \(first.name) say opposite things of thinking")
        }
        return first.on ? .on : .off
    }

    /// Fields that clients of other models send: accepted where they ask for nothing, else refused with the reason.
    fileprivate mutating func refuseWhatNoModelAnswers() throws(APIError) {
        _ = try integer("n", in: 1...1)
        for name in ["metadata", "request_id"] { try recorded(name) }
        for name in ["service_tier", "parallel_tool_calls", "prompt_cache_key", "verbosity", "extra_headers"] { try decoration(name) }
        try decoration("store", [.bool(false)])
        try decoration("modalities", [["text"]])
        try unsupported("logit_bias", "not supported")
        let choice = value("tool_choice")
        try unsupported("tool_choice", "the model is given no tools here", nothing: ["none", "auto"])
        // Tools that must not be called are as good as none.
        if choice == "none" { _ = value("tools") } else { try unsupported("tools", "the model is given no tools here") }
        try unsupported("functions", "the model is given no tools here")
        try unsupported("response_format", "answers are text", nothing: [["type": "text"]])
        try unsupported("audio", "answers are text")
        for name in ["chat_template", "prediction", "web_search_options"] { try unsupported(name, "not supported") }
    }

    /// The fields of an object inside.
    mutating func object(_ name: String) throws(APIError) -> Fields? {
        guard let value = value(name) else { return nil }
        guard case .object = value else { throw .invalid(name, "\(name) is \(value.kind); an object is needed") }
        return try Fields(json: value)
    }
}
