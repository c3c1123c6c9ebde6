import Domain
import Foundation
import Gateway
import Imaging
import Logging
import Processes
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct AuditTests {
    private static let both = [ScriptedStage.text, .diffusion]

    private func request(_ prompt: String = "a secret", images: [[UInt8]] = [], steps: Int = 1) -> GenerateImageRequest {
        GenerateImageRequest(
            prompt: prompt, images: images, parameters: ImageOptions(height: 64, width: 64, steps: steps, seed: 3), user: "somebody")
    }

    private func records(_ path: String) throws -> [[String: Any]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = try PrivateFolder.make()
        defer { PrivateFolder.remove(folder) }
        try await body(folder)
    }

    @Test("each request is a line: who, for whom, what, what came of it; prompt and user as digests alone")
    func digests() async throws {
        try await withFolder { folder in
            let path = "\(folder)/audit"
            let stages = [.vision, ScriptedStage.answering(.vision), .answering(.text)] + Self.both
            let fleet = try await ScriptedFleet.start(stages, audit: AuditOptions(path: path))
            let image = try await fleet.gateway.generate(request(), CallSettings(requestID: "first"))
            _ = try await fleet.gateway.generate(request(images: [image.image]), CallSettings(requestID: "second"))
            await #expect(throws: CallError.self) { try await fleet.gateway.generate(request(steps: 0), CallSettings(requestID: "third")) }
            let question = AnswerQuestionRequest(
                messages: [ChatMessage(role: .user, parts: [.text("a secret")])], parameters: AnswerOptions(maxTokens: 3, seed: 5), user: "somebody")
            _ = try await fleet.gateway.answer(question, CallSettings(requestID: "fourth"))

            let records = try records(path)
            #expect(records.map { $0["request"] as? String } == ["first", "second", "third", "fourth"])
            #expect(records.map { $0["outcome"] as? String } == ["ok", "ok", "\(CallStatus.invalidArgument)", "ok"])
            #expect(records.map { $0["kind"] as? String } == ["image", "image", "image", "question"])
            #expect(records.map { $0["sources_labelled"] as? Int } == [0, 1, 0, 0] && records.map { $0["sources"] as? Int } == [0, 1, 0, 0])
            #expect(records.allSatisfy { ($0["caller"] as? String)?.hasPrefix("unix:") == true })
            #expect(records.allSatisfy { ($0["time"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil })
            #expect(Set(records.map { $0["user_sha256"] as? String }).count == 1 && Set(records.map { $0["prompt_sha256"] as? String }).count == 1)
            #expect(records[0]["model"] as? String == "m" && records[0]["size"] as? String == "64x64" && records[0]["seed"] as? Int == 3)
            #expect(records[0]["produce_id"] as? String == (try ImageStatement(image.image).label?.values[.produceID]))
            #expect((records[0]["image_sha256"] as? String)?.count == 64 && records[0]["explicit_label"] as? Bool == false)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(!text.contains("secret") && !text.contains("somebody"))
            try await fleet.stop()
        }
    }

    @Test("an operator who asks for it has prompts and users in clear")
    func clear() async throws {
        try await withFolder { folder in
            let fleet = try await ScriptedFleet.start(Self.both, audit: AuditOptions(path: "\(folder)/audit", isClear: true))
            _ = try await fleet.gateway.generate(request("two\nlines"))
            let record = try #require(try records("\(folder)/audit").first)
            #expect(record["prompt"] as? String == "two\nlines" && record["user"] as? String == "somebody")
            try await fleet.stop()
        }
    }

    @Test("a log that can't be written stops no request; it is told, and nothing is lost when it can be written again")
    func lost() async throws {
        try await withFolder { folder in
            let inner = "\(folder)/logs"
            try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
            let fleet = try await ScriptedFleet.start(Self.both, audit: AuditOptions(path: "\(inner)/audit"))
            try FileManager.default.removeItem(atPath: inner)
            _ = try await fleet.gateway.generate(request(), CallSettings(requestID: "first"))
            try await fleet.status { $0.problems == ["the audit log can't be written: No such file or directory"] }
            try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
            // Without another record.
            try await fleet.status { $0.problems.isEmpty }
            _ = try await fleet.gateway.generate(request(), CallSettings(requestID: "second"))
            #expect(try records("\(inner)/audit").map { $0["request"] as? String } == ["first", "second"])
            try await fleet.stop()
        }
    }

    @Test("a gateway whose log can't be written from the beginning does not start")
    func refused() {
        #expect(throws: (any Error).self) { try AuditTrail(AuditOptions(path: "/none/audit"), logger: Logger(label: "test")) }
    }
}
