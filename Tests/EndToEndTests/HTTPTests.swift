import Domain
import Foundation
import FoundationNetworking
import Imaging
import Testing
import Wire

/// OpenAI's HTTP API through the real programs.
@Suite(.timeLimit(.minutes(3)), .serialized) struct HTTPTests {
    private static let small = #""size":"64x64","num_inference_steps":2,"seed":3"#

    /// A fleet of both models, and the address of its HTTP server.
    private func start(_ address: String = "127.0.0.1:0") async throws -> (fleet: RunningFleet, url: String) {
        let fleet = try await RunningFleet.start("all", ["--exit-with-parent", "--model", Binaries.questionModel, "--http", address])
        let line = try await fleet.program.error { $0.contains("served over HTTP") }
        return (fleet, String(try #require(line.firstMatch(of: /http:\/\/[0-9.]+:\d+/)).output))
    }

    private struct Answer {
        let status: Int
        let headers: [String: String]
        let bytes: Data

        var text: String { String(decoding: bytes, as: UTF8.self) }
        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: bytes) as? [String: Any]) ?? [:] }
        /// Values of all `data:` lines.
        var events: [String] { text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) } }
    }

    private func ask(_ url: String, _ path: String, _ body: Data?, type: String = "application/json", method: String? = nil) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: url + path)))
        request.httpMethod = method ?? (body == nil ? "GET" : "POST")
        request.httpBody = body
        if body != nil { request.setValue(type, forHTTPHeaderField: "content-type") }
        let (bytes, response) = try await URLSession.shared.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        let headers = http.allHeaderFields.reduce(into: [String: String]()) { $0["\($1.key)".lowercased()] = "\($1.value)" }
        return Answer(status: http.statusCode, headers: headers, bytes: bytes)
    }

    private func ask(_ url: String, _ path: String, _ json: String) async throws -> Answer { try await ask(url, path, Data(json.utf8)) }

    private func file(_ answer: Answer, _ index: Int = 0) throws -> [UInt8] {
        let data = try #require(answer.json["data"] as? [[String: Any]], "\(answer.text.prefix(300))")
        return try bytes(data[index])
    }

    private func bytes(_ picture: [String: Any]) throws -> [UInt8] {
        let text = try #require(picture["b64_json"] as? String)
        return [UInt8](try #require(Data(base64Encoded: text)))
    }

    private func object(_ json: String) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
        return try #require(value as? [String: Any])
    }

    @Test("an image is the same file over HTTP as over gRPC: plain, streamed, of several, edited by form and by JSON")
    func images() async throws {
        let (fleet, url) = try await start()
        let parameters = ImageOptions(height: 64, width: 64, steps: 2, seed: 3)
        let expected = try await fleet.gateway.generate(GenerateImageRequest(prompt: "a cat", parameters: parameters)).image
        let plain = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat",\#(Self.small)}"#)
        #expect(plain.status == 200 && plain.headers["content-type"] == "application/json" && plain.headers["x-request-id"] != nil)
        #expect(try file(plain) == expected)
        #expect(plain.json["size"] as? String == "64x64" && plain.json["output_format"] as? String == "png" && plain.json["steps"] as? Int == 2)

        let several = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat","n":2,\#(Self.small)}"#)
        #expect(try file(several, 0) == expected)
        #expect((several.json["data"] as? [[String: Any]])?.map { $0["seed"] as? Int } == [3, 4])

        let stream = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat","stream":true,\#(Self.small)}"#)
        #expect(stream.headers["content-type"] == "text/event-stream" && stream.headers["cache-control"] == "no-store")
        let events = try stream.events.map(object)
        #expect(events.map { $0["type"] as? String } == ["image_generation.completed"])
        #expect(try bytes(events[0]) == expected)
        #expect(stream.text.contains(": diffusion 2/2\n") && !stream.text.contains("\nid:") && !stream.text.contains("retry:"))

        let source = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Binaries.image("grey.png"))))
        let edited = try await fleet.gateway.generate(GenerateImageRequest(prompt: "a cat", images: [source, source], parameters: parameters)).image
        let form = Self.form(["prompt": "a cat", "size": "64x64", "num_inference_steps": "2", "seed": "3"], files: [source, source])
        #expect(try file(try await ask(url, "/v1/images/edits", form, type: "multipart/form-data; boundary=xyz")) == edited)
        let uri = "data:image/png;base64,\(Data(source).base64EncodedString())"
        #expect(try file(try await ask(url, "/v1/images/edits", #"{"prompt":"a cat","image":["\#(uri)","\#(uri)"],\#(Self.small)}"#)) == edited)
        await fleet.stop()
    }

    private static func form(_ texts: [String: String], files: [[UInt8]]) -> Data {
        var body = Data()
        for (name, text) in texts { body += Data("--xyz\r\ncontent-disposition: form-data; name=\"\(name)\"\r\n\r\n\(text)\r\n".utf8) }
        for file in files {
            body +=
                Data("--xyz\r\ncontent-disposition: form-data; name=\"image[]\"; filename=\"upload\"\r\n\r\n".utf8) + Data(file) + Data("\r\n".utf8)
        }
        return body + Data("--xyz--\r\n".utf8)
    }

    @Test("a size that is not of whole cells is the middle of the next larger one, and both sizes are told")
    func cropped() async throws {
        let (fleet, url) = try await start()
        let answer = try await ask(url, "/v1/images/generations", #"{"prompt":"x","size":"50x40","num_inference_steps":1,"output_format":"webp"}"#)
        #expect(answer.json["size"] as? String == "50x40" && answer.json["rendered_size"] as? String == "64x64", "\(answer.text.prefix(300))")
        #expect(ImageFormat(magic: try file(answer)) == .webp)
        await fleet.stop()
    }

    @Test("a stream has the partial images that it was asked for, smaller ones, and ends with the image as it is without them")
    func partialImages() async throws {
        let (fleet, url) = try await start()
        let parameters = ImageOptions(height: 64, width: 96, steps: 8, seed: 3, format: .webp)
        let source = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Binaries.image("grey.png"))))
        let uri = "data:image/png;base64,\(Data(source).base64EncodedString())"
        for (path, name, image, sources) in [
            ("generations", "image_generation", "", []), ("edits", "image_edit", #""image":"\#(uri)","#, [source]),
        ] {
            let expected = try await fleet.gateway.generate(GenerateImageRequest(prompt: "a cat", images: sources, parameters: parameters)).image
            let body =
                #"{"prompt":"a cat",\#(image)"size":"96x64","num_inference_steps":8,"seed":3,"output_format":"webp","stream":true,"partial_images":3}"#
            let events = try await ask(url, "/v1/images/\(path)", body).events.map(object)
            #expect(events.map { $0["type"] as? String } == Array(repeating: "\(name).partial_image", count: 3) + ["\(name).completed"])
            guard events.count == 4 else { continue }
            #expect(events.dropLast().map { $0["partial_image_index"] as? Int } == [0, 1, 2])
            for event in events.dropLast() {
                let header = try ImageHeader(bytes(event))
                #expect(header.width == 48 && header.height == 32 && header.format == .webp)
                #expect(Set(event.keys) == Set(Self.partialKeys))
                #expect(event["size"] as? String == "96x64" && event["output_format"] as? String == "webp" && event["created_at"] is Int)
            }
            #expect(try bytes(events[3]) == expected)
        }
        await fleet.stop()
    }

    private static let partialKeys = [
        "type", "b64_json", "partial_image_index", "created_at", "size", "quality", "background", "output_format",
    ]

    @Test("partial images are cropped as the image is, and may be fewer than were asked for")
    func croppedPartials() async throws {
        let (fleet, url) = try await start()
        let body = #"{"prompt":"x","size":"50x40","num_inference_steps":2,"output_format":"jpeg","stream":true,"partial_images":3}"#
        let events = try await ask(url, "/v1/images/generations", body).events.map(object)
        #expect(events.map { $0["type"] as? String } == ["image_generation.partial_image", "image_generation.completed"])
        let header = try ImageHeader(bytes(events[0]))
        #expect(header.width == 25 && header.height == 20 && header.format == .jpeg && events[0]["size"] as? String == "50x40")
        await fleet.stop()
    }

    @Test("an answer is the same over HTTP as over gRPC, plain and streamed")
    func chat() async throws {
        let (fleet, url) = try await start()
        let source = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Binaries.image("grey.png"))))
        let expected = try await fleet.gateway.answer(
            AnswerQuestionRequest(
                messages: [ChatMessage(role: .user, parts: [.image(source), .text("what?")])], parameters: AnswerOptions(maxTokens: 8, seed: 3)))
        let uri = "data:image/png;base64,\(Data(source).base64EncodedString())"
        let parts = #"[{"type":"image_url","image_url":{"url":"\#(uri)"}},{"type":"text","text":"what?"}]"#
        let body = #""messages":[{"role":"user","content":\#(parts)}],"max_tokens":8,"seed":3"#

        let plain = try await ask(url, "/v1/chat/completions", "{\(body)}")
        #expect(plain.status == 200, "\(plain.text)")
        let choice = try #require((plain.json["choices"] as? [[String: Any]])?.first)
        let message = try #require(choice["message"] as? [String: Any])
        #expect((message["content"] as? String ?? "") == expected.text && (message["reasoning"] as? String ?? "") == expected.reasoning)
        #expect((plain.json["usage"] as? [String: Any])?["completion_tokens"] as? Int == expected.usage.completionTokens)

        let stream = try await ask(url, "/v1/chat/completions", #"{\#(body),"stream":true,"stream_options":{"include_usage":true}}"#)
        #expect(stream.events.last == "[DONE]")
        let chunks = try stream.events.dropLast().map(object)
        let deltas = chunks.compactMap { ($0["choices"] as? [[String: Any]])?.first?["delta"] as? [String: Any] }
        #expect(deltas.first?["role"] as? String == "assistant")
        #expect(deltas.compactMap { $0["content"] as? String }.joined() == expected.text)
        #expect(deltas.compactMap { $0["reasoning_content"] as? String }.joined() == expected.reasoning)
        #expect((chunks.last?["usage"] as? [String: Any])?["total_tokens"] as? Int == expected.usage.promptTokens + expected.usage.completionTokens)
        await fleet.stop()
    }

    @Test("what is refused has OpenAI's shape, with status, code and field")
    func refusals() async throws {
        let (fleet, url) = try await start()
        let generations = "/v1/images/generations", chat = "/v1/chat/completions"
        for (path, body, status, code, param) in [
            (generations, #"{"prompt":"x","n":11}"#, 400, "invalid_value", "n"), (generations, "{}", 400, "missing_required_parameter", "prompt"),
            (generations, #"{"prompt":" "}"#, 400, "invalid_value", "prompt"), (generations, "{", 400, "invalid_json", nil),
            (generations, #"{"prompt":"x","model":"other"}"#, 404, "model_not_found", "model"),
            (generations, #"{"prompt":"x","size":"4096x4096"}"#, 400, "invalid_value", "size"),
            (generations, #"{"prompt":"x","stream":true,"size":"4096x4096"}"#, 400, "invalid_value", "size"),
            ("/v1/images/edits", #"{"prompt":"x"}"#, 400, "missing_required_parameter", "image"),
            ("/v1/images/edits", #"{"prompt":"x","image":"aGVsbG8="}"#, 400, "invalid_image", "image"),
            ("/v1/images/variations", "{}", 404, "unknown_url", nil), ("/v1/responses", "{}", 404, "unknown_url", nil),
            ("/v1/models", "{}", 405, "method_not_allowed", nil),
            (chat, #"{"model":"tiny-f32","messages":[{"role":"user","content":"x"}]}"#, 400, "unsupported_value", "model"),
        ] as [(String, String, Int, String, String?)] {
            let answer = try await ask(url, path, body)
            let error = answer.json["error"] as? [String: Any]
            #expect(
                answer.status == status && error?["code"] as? String == code && error?["param"] as? String == param, "\(path) \(body): \(answer.text)"
            )
            #expect(error?["type"] as? String == "invalid_request_error" && error?["message"] is String && answer.headers["x-request-id"] != nil)
        }
        #expect(try await ask(url, generations, Data("x".utf8), type: "text/plain").status == 415)
        let long = try await ask(url, generations, Data(repeating: 32, count: (1 << 20) + 1))
        #expect(long.status == 413 && long.text.contains("the body has 1048577 bytes; at most 1048576"), "\(long.text)")
        #expect(try await ask(url, "/v1/models/none", nil).status == 404)
        let list = try await ask(url, "/v1/models", nil).json["data"]
        let models = try #require(list as? [[String: Any]])
        #expect(models.map { $0["id"] as? String } == ["tiny-answer-f32", "tiny-f32"])
        #expect(try await ask(url, "/v1/models/tiny%2Df32", nil).json["id"] as? String == "tiny-f32")
        await fleet.stop()
    }

    @Test("work whose client has left ends, plain and streamed", arguments: [false, true])
    func leaves(streamed: Bool) async throws {
        let (fleet, url) = try await start()
        let body = Data(#"{"prompt":"x","size":"512x512","num_inference_steps":200,"stream":\#(streamed)}"#.utf8)
        let asking = Task { try await ask(url, "/v1/images/generations", body) }
        try await fleet.waitForStages { $0.contains { $0.inFlight > 0 } }
        asking.cancel()
        try await fleet.waitForStages { $0.allSatisfy { $0.inFlight == 0 } }
        await fleet.stop()
    }

    @Test("at an address that others can reach there are metrics and health, and no API")
    func reachable() async throws {
        let (fleet, url) = try await start("0.0.0.0:0")
        let local = url.replacing("0.0.0.0", with: "127.0.0.1")
        #expect(try await ask(local, "/health/ready", nil).status == 200)
        #expect(try await ask(local, "/v1/models", nil).status == 404)
        await fleet.stop()
    }
}
