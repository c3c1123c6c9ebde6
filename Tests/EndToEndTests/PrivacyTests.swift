import Domain
import Foundation
import FoundationNetworking
import Processes
import Testing
import Wire

/// What callers send is their own.
@Suite(.timeLimit(.minutes(3)), .serialized) struct PrivacyTests {
    /// In every prompt and user of the test, and nowhere else.
    private static let mark = "Xq7zebraQx"

    private func ask(_ url: String, _ json: String?) async throws -> String {
        var request = URLRequest(url: try #require(URL(string: url)))
        if let json {
            request.httpMethod = "POST"
            request.httpBody = Data(json.utf8)
            request.setValue("application/json", forHTTPHeaderField: "content-type")
        }
        return String(decoding: try await URLSession.shared.data(for: request).0, as: UTF8.self)
    }

    @Test("prompts and users are in no log, no metric, no error and not in the audit log, whether a request succeeds, fails or is refused")
    func prompts() async throws {
        let scratch = try Scratch(), mark = Self.mark
        let log = scratch.file("log")
        let program = try Program(
            "glm-gateway",
            [
                "--run-directory", scratch.file("run"), "--start", "all", "--threads", "1", "--model", Binaries.model, "--model",
                Binaries.questionModel, "--http", "127.0.0.1:0", "--log-level", "trace", "--audit-log", scratch.file("audit"),
            ], in: scratch, wrapper: ["/bin/sh", "-c", "exec \"$@\" 2>\(log)", "sh"])
        _ = try await program.output { $0.hasPrefix("ready ") }
        func logged() throws -> String { try String(contentsOfFile: log, encoding: .utf8) }
        let url = String(try #require(try logged().firstMatch(of: /http:\/\/[0-9.]+:\d+/)).output)
        let connection = try StageConnection(to: .unix(path: scratch.file("run/gateway.sock")))
        let gateway = GatewayClient(connection)

        var errors: [String] = []
        func trying(_ body: () async throws -> Void) async { do { try await body() } catch { errors.append("\(error)") } }
        func image(_ prompt: String, steps: Int = 1, images: [[UInt8]] = [], model: String = "") -> GenerateImageRequest {
            GenerateImageRequest(
                prompt: prompt, images: images, parameters: ImageOptions(height: 64, width: 64, steps: steps, seed: 1), model: model, user: mark)
        }
        func question(_ text: String, maxTokens: Int? = 3) -> AnswerQuestionRequest {
            AnswerQuestionRequest(
                messages: [ChatMessage(role: .user, parts: [.text(text)])], parameters: AnswerOptions(maxTokens: maxTokens, seed: 1), user: mark)
        }
        for request in [
            image("a \(mark) \"\(mark)\""), image(mark, steps: 0), image(mark, images: [[1, 2]]), image(mark, model: "none"),
            image(String(repeating: mark, count: 4000)),
        ] { await trying { _ = try await gateway.generate(request) } }
        for request in [question(mark), question(mark, maxTokens: 0), question(String(repeating: "\(mark) ", count: 20_000))] {
            await trying { _ = try await gateway.answer(request) }
        }
        await trying {
            let jobs = JobsClient(connection)
            let job = try await jobs.submit(SubmitJobRequest(request: image(mark)))
            try await jobs.watch(job.id) { _ in }
        }
        let small = #""size":"64x64","num_inference_steps":1"#
        for (path, json) in [
            ("images/generations", #"{"prompt":"\#(mark)","user":"\#(mark)",\#(small)}"#),
            ("images/generations", #"{"prompt":"\#(mark)","stream":true,\#(small)}"#), ("images/generations", #"{"prompt":"\#(mark)","n":11}"#),
            ("images/generations", #"{"prompt":"\#(mark)"#), ("images/edits", #"{"prompt":"\#(mark)","image":"aGVsbG8="}"#),
            ("chat/completions", #"{"messages":[{"role":"user","content":"\#(mark)"}],"max_tokens":0}"#),
        ] { errors.append(try await ask("\(url)/v1/\(path)", json)) }
        let metrics = try await ask("\(url)/metrics", nil)
        await connection.close()
        _ = await program.child.stop(grace: .seconds(10))

        let audit = try String(contentsOfFile: scratch.file("audit"), encoding: .utf8)
        let lines = try logged()
        #expect(audit.contains("\"outcome\":\"ok\"") && audit.contains("\"kind\":\"question\"") && lines.contains("request"))
        #expect(errors.count >= 12 && metrics.contains("glm_gateway_images_total"))
        for (name, text) in [("log", lines), ("metrics", metrics), ("audit", audit), ("errors", errors.joined(separator: "\n"))] {
            let found = text.split(separator: "\n").first { $0.contains(mark) }
            #expect(found == nil, "\(name): \(found?.prefix(300) ?? "")")
        }
    }
}
