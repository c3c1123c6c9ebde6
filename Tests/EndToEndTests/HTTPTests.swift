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
    private func start(_ address: String = "127.0.0.1:0", _ more: [String] = []) async throws -> (fleet: RunningFleet, url: String) {
        // Only a gateway that outlives its caller stores requests.
        let life = more.contains("--state-directory") ? [] : ["--exit-with-parent"]
        let fleet = try await RunningFleet.start("all", life + ["--model", Binaries.questionModel, "--http", address] + more)
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

    private func ask(
        _ url: String, _ path: String, _ body: Data?, type: String = "application/json", method: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: url + path)))
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
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
        let made = try await fleet.gateway.generate(GenerateImageRequest(prompt: "a cat", parameters: parameters)), expected = made.image
        let plain = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat",\#(Self.small)}"#)
        #expect(plain.status == 200 && plain.headers["content-type"] == "application/json" && plain.headers["x-request-id"] != nil)
        #expect(try file(plain) == expected)
        let usage = try #require(plain.json["usage"] as? [String: Any])
        #expect(usage["total_tokens"] as? Int == (usage["input_tokens"] as? Int ?? 0) + (usage["output_tokens"] as? Int ?? 0))
        #expect(Int(plain.headers["openai-processing-ms"] ?? "") != nil)
        #expect(try numerics((plain.json["data"] as? [[String: Any]])?.first) == made.numerics.map(Self.told))
        #expect(plain.json["size"] as? String == "64x64" && plain.json["output_format"] as? String == "png" && plain.json["steps"] as? Int == 2)

        let several = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat","n":2,\#(Self.small)}"#)
        #expect(try file(several, 0) == expected)
        #expect((several.json["data"] as? [[String: Any]])?.map { $0["seed"] as? Int } == [3, 4])

        let stream = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat","stream":true,\#(Self.small)}"#)
        #expect(stream.headers["content-type"] == "text/event-stream" && stream.headers["cache-control"] == "no-store")
        let events = try stream.events.map(object)
        #expect(events.map { $0["type"] as? String } == ["image_generation.completed"])
        #expect(try bytes(events[0]) == expected && numerics(events[0]) == made.numerics.map(Self.told))
        #expect(stream.text.contains(": diffusion 2/2\n") && !stream.text.contains("\nid:") && !stream.text.contains("retry:"))

        let source = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Binaries.image("grey.png"))))
        let edited = try await fleet.gateway.generate(GenerateImageRequest(prompt: "a cat", images: [source, source], parameters: parameters)).image
        let form = Self.form(["prompt": "a cat", "size": "64x64", "num_inference_steps": "2", "seed": "3"], files: [source, source])
        #expect(try file(try await ask(url, "/v1/images/edits", form, type: "multipart/form-data; boundary=xyz")) == edited)
        let uri = "data:image/png;base64,\(Data(source).base64EncodedString())"
        #expect(try file(try await ask(url, "/v1/images/edits", #"{"prompt":"a cat","image":["\#(uri)","\#(uri)"],\#(Self.small)}"#)) == edited)
        await fleet.stop()
    }

    /// How the stages computed, by an answer and by the gateway.
    private func numerics(_ answer: [String: Any]?) throws -> [[String]] {
        try #require(answer?["numerics"] as? [[String: Any]]).map { told in ["stage", "precision", "kernels"].map { told[$0] as? String ?? "" } }
    }
    private static func told(_ told: StageNumerics) -> [String] { [told.stage, told.numerics.precision, told.numerics.kernels] }

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

        #expect(try numerics(plain.json) == expected.numerics.map(Self.told))

        let stream = try await ask(url, "/v1/chat/completions", #"{\#(body),"stream":true,"stream_options":{"include_usage":true}}"#)
        #expect(stream.events.last == "[DONE]")
        let chunks = try stream.events.dropLast().map(object)
        let deltas = chunks.compactMap { ($0["choices"] as? [[String: Any]])?.first?["delta"] as? [String: Any] }
        #expect(deltas.first?["role"] as? String == "assistant")
        #expect(try numerics(chunks.first { $0["numerics"] != nil }) == expected.numerics.map(Self.told))
        #expect(deltas.compactMap { $0["content"] as? String }.joined() == expected.text)
        #expect(deltas.compactMap { $0["reasoning_content"] as? String }.joined() == expected.reasoning)
        #expect((chunks.last?["usage"] as? [String: Any])?["total_tokens"] as? Int == expected.usage.promptTokens + expected.usage.completionTokens)
        await fleet.stop()
    }

    @Test("a result's link opens it under the public address's path, its caller needs no signature, and nobody can make one up")
    func links() async throws {
        let (fleet, url) = try await start("127.0.0.1:0", ["--public-url", "https://images.example.org/glm/"])
        let plain = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat",\#(Self.small)}"#)
        let linked = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat","response_format":"url",\#(Self.small)}"#)
        let link = try #require((linked.json["data"] as? [[String: Any]])?.first?["url"] as? String, "\(linked.text.prefix(300))")
        #expect(link.hasPrefix("https://images.example.org/glm/v1/files/"))
        let path = String(link.dropFirst("https://images.example.org/glm".count))
        let file = try await ask(url, path, nil)
        #expect(try [UInt8](file.bytes) == self.file(plain) && file.headers["content-type"] == "image/png")
        #expect(file.headers["x-content-type-options"] == "nosniff" && file.headers["cache-control"] == "private")
        #expect(file.headers["content-disposition"]?.wholeMatch(of: #/inline; filename="[0-9a-f]{32}\.png"/#) != nil)
        #expect(try await ask(url, String(path.prefix { $0 != "?" }), nil).bytes == file.bytes)
        for (path, status, code) in [
            (path.replacing("sig=", with: "sig=0"), 403, "insufficient_permissions"),
            (path.replacing("exp=", with: "exp=1"), 403, "insufficient_permissions"),
            ("/v1/files/\(String(repeating: "0", count: 32))/content", 404, "not_found"),
        ] {
            let refused = try await ask(url, path, nil)
            #expect(refused.status == status && (refused.json["error"] as? [String: Any])?["code"] as? String == code, "\(refused.text)")
        }
        await fleet.stop()
    }

    @Test("a picture is fetched neither from a host that is not named nor from a named one that is this machine")
    func fetching() async throws {
        let (fleet, url) = try await start("127.0.0.1:0", ["--image-hosts", "localhost"])
        for (address, reason) in [
            ("https://localhost/x.png", "localhost has no public address"), ("https://example.org/x.png", "not among the hosts"),
        ] {
            let edit = try await ask(url, "/v1/images/edits", #"{"prompt":"x","image":"\#(address)"}"#)
            #expect(edit.status == 400 && edit.text.contains("invalid_image_url") && edit.text.contains(reason), "\(edit.text)")
            let parts = #"[{"type":"image_url","image_url":{"url":"\#(address)"}}]"#
            let chat = try await ask(url, "/v1/chat/completions", #"{"messages":[{"role":"user","content":\#(parts)}]}"#)
            #expect(chat.status == 400 && chat.text.contains("invalid_image_url") && chat.text.contains(reason), "\(chat.text)")
        }
        await fleet.stop()
    }

    @Test("with an Idempotency-Key a request is computed once: also when its client has left, and another body is refused")
    func idempotency() async throws {
        let (fleet, url) = try await start()
        let path = "/v1/images/generations", key = ["idempotency-key": "k1"]
        // Without a seed two pictures differ.
        let body = Data(#"{"prompt":"a cat","size":"256x256","num_inference_steps":60}"#.utf8)
        let left = Task { try await ask(url, path, body, headers: key) }
        try await fleet.waitForStages { $0.contains { $0.inFlight > 0 } }
        let running = try await ask(url, path, body, headers: key)
        #expect(running.status == 409 && running.text.contains("in_progress") && running.headers["retry-after"] != nil)
        left.cancel()
        try await fleet.waitForStages { $0.allSatisfy { $0.inFlight == 0 } }
        var answer = try await ask(url, path, body, headers: key)
        // Between two stages nothing is in flight.
        while answer.status == 409 {
            try await Task.sleep(for: .milliseconds(200))
            answer = try await ask(url, path, body, headers: key)
        }
        #expect(answer.status == 200 && answer.headers["idempotent-replayed"] == "true", "\(answer.text.prefix(300))")
        #expect(try await ask(url, path, body, headers: key).bytes == answer.bytes)
        #expect(try await fleet.gateway.status().images == 1)
        let other = try await ask(url, path, Data(#"{"prompt":"a dog"}"#.utf8), headers: key)
        #expect(other.status == 422 && other.text.contains("idempotency_mismatch"))
        let long = ["idempotency-key": String(repeating: "k", count: 256)]
        #expect(try await ask(url, path, body, headers: long).status == 400)
        let stream = try await ask(url, path, Data(#"{"prompt":"a cat","stream":true,\#(Self.small)}"#.utf8), headers: key)
        #expect(stream.status == 200 && stream.headers["glm-without-effect"] == "Idempotency-Key")
        await fleet.stop()
    }

    @Test("Z.ai's paths: a picture by link, a stored request, questions, under an alias of the model")
    func zai() async throws {
        let state = FileManager.default.temporaryDirectory.appendingPathComponent("glm-zai-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: state) }
        let (fleet, url) = try await start("127.0.0.1:0", ["--state-directory", state, "--model-alias", "glm-image=tiny-f32"])
        let prefix = "/api/paas/v4", body = #"{"model":"glm-image","prompt":"a cat","request_id":"mine",\#(Self.small)}"#
        // Its images have words in a corner, if nobody says otherwise.
        let expected = try await ask(url, "/v1/images/generations", #"{"prompt":"a cat","watermark_enabled":true,\#(Self.small)}"#)
        let made = try await ask(url, "\(prefix)/images/generations", body)
        let link = try #require((made.json["data"] as? [[String: Any]])?.first?["url"] as? String, "\(made.text.prefix(300))")
        #expect(link.hasPrefix(url))
        #expect(try [UInt8](await ask("", link, nil).bytes) == file(expected))

        let stored = try await ask(url, "\(prefix)/async/images/generations", body)
        #expect(stored.json["request_id"] as? String == "mine" && stored.json["task_status"] as? String == "PROCESSING")
        let id = try #require(stored.json["id"] as? String, "\(stored.text)")
        var result = try await ask(url, "\(prefix)/async-result/\(id)", nil)
        while result.json["task_status"] as? String == "PROCESSING" { result = try await ask(url, "\(prefix)/async-result/\(id)", nil) }
        #expect(result.json["task_status"] as? String == "SUCCESS")
        let later = try #require((result.json["image_result"] as? [[String: Any]])?.first?["url"] as? String, "\(result.text)")
        #expect(try [UInt8](await ask("", later, nil).bytes) == file(expected))
        #expect(try await ask(url, "\(prefix)/async-result/none", nil).status == 404)
        #expect(try await ask(url, "/v1/files/\(id)/content", nil).status == 404)

        let question = #"{"model":"tiny-answer-f32","messages":[{"role":"user","content":"hi"}],"max_tokens":4}"#
        #expect(try await ask(url, "\(prefix)/chat/completions", question).status == 200)
        #expect(try await ask(url, "\(prefix)/images/generations", #"{"prompt":"x","user_id":"short"}"#).status == 400)
        let listed = try await ask(url, "/v1/models", nil).json["data"]
        #expect((listed as? [[String: Any]])?.map { $0["id"] as? String } == ["tiny-answer-f32", "tiny-f32", "glm-image"])
        await fleet.stop()
    }

    @Test("a stream tells the place in line in comments, and in events where they are asked for")
    func places() async throws {
        let (fleet, url) = try await start()
        let long = Task { try await ask(url, "/v1/images/generations", #"{"prompt":"x","size":"512x512","num_inference_steps":200}"#) }
        try await fleet.waitForStages { $0.contains { $0.inFlight > 0 } }
        let body = #"{"prompt":"x","stream":true,"progress":true,"size":"512x512","num_inference_steps":1,"seed":3}"#
        let streams = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { try await ask(url, "/v1/images/generations", body).text } }
            return try await group.reduce(into: "") { $0 += $1 }
        }
        #expect(streams.contains(#/: queued \d+ ahead/#) && streams.contains(#""type":"image_generation.queued""#))
        long.cancel()
        await fleet.stop()
    }

    @Test("a plain answer that would take longer than its client waits is refused at once, with the way out")
    func patience() async throws {
        let (fleet, url) = try await start()
        let path = "/v1/images/generations"
        for _ in 0..<3 { #expect(try await ask(url, path, #"{"prompt":"a cat","size":"256x256","num_inference_steps":20}"#).status == 200) }
        let body = #""prompt":"a cat","size":"1024x1024","num_inference_steps":200"#
        let refused = try await ask(url, path, Data("{\(body)}".utf8), headers: ["x-stainless-read-timeout": "1"])
        #expect(refused.status == 429 && refused.headers["x-should-retry"] == "false" && refused.text.contains("use stream: true"), "\(refused.text)")
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
            ("/v1/images/edits", #"{"prompt":"x","image":"https://a.example/x.png"}"#, 400, "invalid_image_url", "image"),
            ("/v1/images/edits", #"{"prompt":"x","url":"http://127.0.0.1/x.png"}"#, 400, "invalid_image_url", "url"),
            (
                chat, #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/x"}}]}]}"#, 400,
                "invalid_image_url", "messages"
            ),
            ("/v1/models", "{}", 405, "method_not_allowed", nil), ("/v1/files/x/content", "{}", 405, "method_not_allowed", nil),
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
        #expect(try await ask(url, "/v1/models", Data("{}".utf8)).headers["allow"] == "GET, HEAD")
        #expect(try await ask(url, "/v1/models?api-version=2025-04-01", nil).status == 200)
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
}
