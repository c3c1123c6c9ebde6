import Domain
import Foundation
import HTTPAPI
import Testing
import Wire

/// What becomes of each field of chat/completions.
@Suite struct ChatOrderTests {
    private func order(_ json: String, messages: String = #"[{"role":"user","content":"hi"}]"#) throws -> ChatOrder {
        var fields = try Fields(json: JSONValue(parsing: Array("{\"messages\":\(messages)\(json.isEmpty ? "" : ",")\(json)}".utf8)))
        return try ChatOrder(&fields)
    }

    @Test("fields that are done reach the gateway's request")
    func done() throws {
        let order = try order(
            #""model":"m","max_tokens":5,"max_completion_tokens":5,"temperature":0.5,"top_p":0.25,"top_k":4,"min_p":0.125,"seed":9"#
                + #","repetition_penalty":1.5,"presence_penalty":1,"frequency_penalty":-1,"stop":["a","b"],"logprobs":true,"top_logprobs":3"#
                + #","stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":false}"#)
        #expect(
            order.request.parameters
                == AnswerOptions(
                    maxTokens: 5, seed: 9, temperature: 0.5, topP: 0.25, topK: 4, minP: 0.125, repetitionPenalty: 1.5, presencePenalty: 1,
                    frequencyPenalty: -1, stop: ["a", "b"], logprobs: 3))
        #expect(order.request.model == "m" && order.isStream && order.tellsUsage && !order.tellsUsageAlways)
    }

    @Test("roles and parts become the gateway's, images from data URIs and from bare base64")
    func messages() throws {
        let image = Data([1, 2, 3]).base64EncodedString()
        let order = try order(
            "",
            messages: """
                [{"role":"developer","content":"be brief"},{"role":"user","name":"n","content":[
                {"type":"image_url","image_url":{"url":"data:image/png;base64,\(image)","detail":"high"}},
                {"type":"image_url","image_url":"\(image)"},{"type":"text","text":"what?"}]},
                {"role":"assistant","content":"a cat","reasoning_content":"hm","tool_calls":null},{"role":"user","content":"sure?"}]
                """)
        #expect(
            order.request.messages == [
                ChatMessage(.system, "be brief"), ChatMessage(role: .user, parts: [.image([1, 2, 3]), .image([1, 2, 3]), .text("what?")]),
                ChatMessage(role: .assistant, parts: [.text("a cat")], reasoning: "hm"), ChatMessage(.user, "sure?"),
            ])
        #expect(order.withoutEffect == ["messages.content.image_url.detail"])
    }

    @Test(
        "thinking has one switch under four names",
        arguments: [
            ("", .automatic), (#""chat_template_kwargs":{"enable_thinking":false}"#, .off), (#""thinking":{"type":"enabled"}"#, .on),
            (#""reasoning_effort":"none""#, .off), (#""reasoning":{"effort":"none"}"#, .off), (#""reasoning_effort":"high""#, .automatic),
            (#""thinking":{"type":"disabled"},"reasoning_effort":"none""#, .off),
        ] as [(String, AnswerOptions.Thinking)])
    func thinking(json: String, thinking: AnswerOptions.Thinking) throws {
        #expect(try order(json).request.parameters.thinking == thinking)
    }

    @Test(
        "what asks for nothing is accepted",
        arguments: [
            #""n":1"#, #""logit_bias":{}"#, #""tools":[]"#, #""tool_choice":"none""#, #""response_format":{"type":"text"}"#, #""user":"u""#,
            #""safety_identifier":"u""#, #""user_id":"u""#, #""request_id":"r""#, #""tools":[{"type":"function"}],"tool_choice":"none""#,
            #""tool_choice":"auto""#, #""stream_options":null"#, #""response_format":null"#, #""logprobs":false"#, #""top_logprobs":0"#,
            #""chat_template":null"#, #""metadata":{"a":"b"}"#, #""store":false"#, #""modalities":["text"]"#, #""stop":"x""#, #""do_sample":true"#,
            #""stream":false"#,
        ])
    func nothing(json: String) throws {
        #expect(try order(json).request.messages.count == 1)
    }

    @Test("do_sample off is greedy, and usage may be told in each chunk")
    func switches() throws {
        #expect(try order(#""do_sample":false,"temperature":0.7"#).request.parameters.temperature == 0)
        #expect(try order(#""stream":true,"stream_options":{"continuous_usage_stats":true}"#).tellsUsageAlways)
    }

    @Test(
        "decorations are told",
        arguments: [
            #""service_tier":"auto""#, #""parallel_tool_calls":true"#, #""prompt_cache_key":"k""#, #""verbosity":"low""#, #""store":false"#,
            #""modalities":["text"]"#, #""reasoning_effort":"low""#, #""reasoning":{"effort":"high"}"#, #""extra_headers":{"a":"b"}"#,
        ])
    func told(json: String) throws {
        #expect(try order(json).withoutEffect.count == 1)
    }

    @Test("pictures that were fetched stand where their addresses stood")
    func fetched() throws {
        let messages = #"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/x"}}]}]"#
        var fields = try Fields(json: JSONValue(parsing: Array("{\"messages\":\(messages)}".utf8)))
        let order = try ChatOrder(&fields, fetched: ["https://a.example/x": [7]])
        #expect(order.request.messages == [ChatMessage(role: .user, parts: [.image([7])])])
    }

    @Test(
        "what can't be done is refused with its field",
        arguments: [
            (#""audio":{"voice":"x"}"#, "audio"), (#""tool_choice":"required""#, "tool_choice"), (#""functions":[{}]"#, "functions"),
            (#""stream":true,"stream_options":{"usage":true}"#, "usage"), (#""reasoning_effort":"most""#, "reasoning_effort"),
            (#""response_format":{"type":"json_schema","json_schema":{}}"#, "response_format"), (#""user":[1]"#, "user"),
            (#""thinking":{"type":"auto"}"#, "type"), (#""n":2"#, "n"), (#""logit_bias":{"1":2}"#, "logit_bias"),
            (#""tools":[{"type":"function"}]"#, "tools"),
            (#""response_format":{"type":"json_object"}"#, "response_format"), (#""store":true"#, "store"),
            (#""modalities":["audio"]"#, "modalities"),
            (#""max_tokens":1,"max_completion_tokens":2"#, "max_completion_tokens"), (#""top_logprobs":2"#, "top_logprobs"),
            (#""logprobs":true,"top_logprobs":21"#, "top_logprobs"), (#""stream_options":{"include_usage":true}"#, "stream_options"),
            (#""thinking":{"type":"enabled"},"reasoning_effort":"none""#, "reasoning_effort"), (#""chat_template":"x""#, "chat_template"),
            (#""chat_template_kwargs":{"tools":1}"#, "chat_template_kwargs"), (#""stop":[1]"#, "stop"), (#""temperatur":1"#, "temperatur"),
        ])
    func refused(json: String, param: String) {
        let refusal = #expect(throws: APIError.self) { _ = try order(json) }
        #expect(refusal?.status == 400 && refusal?.param == param, "\(refusal?.message ?? "")")
    }

    @Test(
        "messages that are none are refused with their place",
        arguments: [
            (#"[]"#, "messages has 0 entries"), (#"[1]"#, "messages[0] is a number"), (#"[{"content":"x"}]"#, "messages[0] has no role"),
            (#"[{"role":"tool","content":"x"}]"#, "messages[0]: role \"tool\""), (#"[{"role":"user"}]"#, "messages[0].content is missing"),
            (#"[{"role":"user","content":[{"type":"input_audio"}]}]"#, "messages[0].content[0]: type \"input_audio\""),
            (#"[{"role":"user","content":[{"type":"input_file"}]}]"#, "messages[0].content[0]: type \"input_file\""),
            (#"[{"role":"user","content":[{"type":"video_url"}]}]"#, "messages[0].content[0]: type \"video_url\""),
            (#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png,abc"}}]}]"#, "no data URI in base64"),
            (#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"%%%"}}]}]"#, "is no base64"),
            (#"[{"role":"user","content":"x","weight":1}]"#, "messages[0]: weight is not known"),
        ])
    func badMessages(messages: String, message: String) {
        let refusal = #expect(throws: APIError.self) { _ = try order("", messages: messages) }
        #expect(refusal?.status == 400 && refusal?.message.contains(message) == true, "\(refusal?.message ?? "")")
    }
}
