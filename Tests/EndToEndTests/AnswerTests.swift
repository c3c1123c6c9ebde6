import Domain
import Foundation
import Processes
import Synchronization
import Testing
import Wire

/// Questions about pictures through the real programs.
@Suite(.timeLimit(.minutes(3)), .serialized) struct AnswerTests {
    private static let own = ["--model", Binaries.questionModel, "--threads", "1"]

    private static func request(_ question: String, maxTokens: Int, seed: UInt64) throws -> AnswerQuestionRequest {
        let picture = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Binaries.image("lossy.webp"))))
        return AnswerQuestionRequest(
            messages: [ChatMessage(role: .user, parts: [.image(picture), .text(question)])],
            parameters: AnswerOptions(maxTokens: maxTokens, seed: seed, temperature: 1, topP: 1, topK: 1000))
    }

    // MARK: The client

    @Test("a question about pictures is answered by a private fleet, the same as text and as JSON, and nothing is left")
    func ask() async throws {
        let scratch = try Scratch()
        let question = ["ask", Binaries.image("lossy.webp"), Binaries.image("orientation-6.jpg"), "what?", "--max-tokens", "12", "--seed", "4"]
        let text = try await Program.run("glm", question + Self.own, in: scratch)
        #expect(text.exit == .code(0), "\(text.errors)")
        let json = try await Program.run("glm", question + Self.own + ["--json"], in: scratch)
        #expect(json.exit == .code(0), "\(json.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.joined(separator: "\n").utf8)) as? [String: Any])
        #expect(report["text"] as? String == text.output.joined(separator: "\n"))
        #expect(report["seed"] as? Int == 4 && report["model"] as? String == "tiny-answer-f32")
        let usage = try #require(report["usage"] as? [String: Int])
        #expect(try #require(usage["completion_tokens"]) <= 12 && usage["image_tokens"]! > 0 && usage["prompt_tokens"]! > usage["image_tokens"]!)
        #expect(scratch.contents.isEmpty)
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("a chat keeps its turns, goes on after a line that is refused, and ends with its input")
    func chat() async throws {
        let scratch = try Scratch()
        let lines = "what is this?\\n/image \(scratch.path)/none.png\\n\\nand now?\\n"
        let chat = try Program(
            "glm", ["chat", Binaries.image("lossy.webp"), "--max-tokens", "6", "--seed", "1"] + Self.own, in: scratch,
            wrapper: ["sh", "-c", "printf '\(lines)' | \"$0\" \"$@\""])
        let result = try await chat.result()
        #expect(result.exit == .code(0), "\(result.errors)")
        #expect(result.errors.contains { $0.contains("none.png can't be read") }, "\(result.errors)")
        // The second prompt holds the first question, its image and its answer.
        let prompts = result.errors.compactMap { $0.firstMatch(of: /text: started, (\d+) tokens/).flatMap { Int($0.1) } }
        #expect(prompts.count == 2 && prompts[1] > prompts[0], "\(result.errors)")
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("wrong usage is exit 2 before anything starts; a fleet without a question model is exit 1 with what it has")
    func refusals() async throws {
        let scratch = try Scratch()
        for (arguments, reason) in [
            (["ask"], "Missing expected argument"), (["ask", " "], "messages[0] is empty"), (["ask", "-", "-", "what?"], "standard input is named"),
            (["ask", "x", "--temperature", "-1"], "temperature -1.0 is outside 0.0 through 10.0"),
            (["ask", "x", "--no-think", "--thinking-budget", "3"], "thinking_budget is set and thinking is off"),
            (["ask", "x"] + Array(repeating: ["--stop", "y"], count: 5).flatMap { $0 }, "stop has 5 strings, the limit is 4"),
            (["generate", "x", "-o", "x.png", "--enhance-model", "y"], "--enhance-model is for --enhance"),
        ] {
            let result = try await Program.run("glm", arguments, in: scratch)
            #expect(result.exit == .code(2) && result.errors.contains { $0.contains(reason) }, "\(arguments): \(result.errors)")
        }
        let fleet = try await RunningFleet.start("text,diffusion", in: scratch)
        let gateway = ["--gateway", fleet.address]
        let ask = try await Program.run("glm", ["ask", "what?"] + gateway, in: scratch)
        #expect(ask.exit == .code(1) && ask.error.contains("tiny-f32"), "\(ask.errors)")
        let enhance = try await Program.run("glm", ["generate", "x", "--enhance", "-o", scratch.file("x.png")] + gateway, in: scratch)
        #expect(enhance.exit == .code(1) && enhance.error == ask.error, "\(enhance.errors)")
        #expect(scratch.contents == ["run"])
        await fleet.stop()
    }

    // MARK: glm-tiny and glm-tiny-v

    @Test("what one fleet draws it can be asked about, edits, and is asked about again: each answer is right")
    func loop() async throws {
        // One seed's picture is judged, so it is the same picture on every machine.
        let fleet = try await RunningFleet.start(of: nil, ["--exit-with-parent", "--precision", "f32"])
        func ask(_ image: GeneratedImage, _ question: String) async throws -> String {
            try await fleet.gateway.answer(
                AnswerQuestionRequest(
                    messages: [ChatMessage(role: .user, parts: [.image(image.image), .text(question)])], parameters: AnswerOptions(thinking: .off))
            ).text
        }
        let drawing = ImageOptions(height: 256, width: 256, steps: 20, seed: 1)
        let drawn = try await fleet.gateway.generate(GenerateImageRequest(prompt: "a red circle above a blue square", parameters: drawing))
        #expect(try await ask(drawn, "How many shapes are there?") == "2")
        #expect(try await ask(drawn, "What colour is the circle?") == "red")
        let edited = try await fleet.gateway.generate(
            GenerateImageRequest(prompt: "make the circle green", images: [drawn.image], parameters: drawing))
        #expect(try await ask(edited, "What colour is the circle?") == "green")
        #expect(try await ask(edited, "What colour is the square?") == "blue")
        let models = try await fleet.gateway.status().models
        #expect(models.map(\.name) == ["glm-tiny", "glm-tiny-v"] && models.allSatisfy(\.missing.isEmpty))
        await fleet.stop()
    }

    @Test("the first question of a newcomer is answered rightly, from nothing running")
    func first() async throws {
        let scratch = try Scratch()
        let picture = Binaries.fixtures.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/GLMTiny/training/example.png").path
        let result = try await Program.run("glm", ["ask", picture, "how many shapes are there?", "--no-think"], in: scratch)
        #expect(result.exit == .code(0) && result.output == ["2"], "\(result.errors)")
        #expect(scratch.contents.isEmpty)
    }

    // MARK: Lost stages

    /// The text of an answer as it was streamed.
    private struct Stream: Hashable {
        var ids: [Int32] = []
        var text = ""
        var reasoning = ""
    }

    /// - Parameter onDelta: called after each delta.
    private static func stream(_ request: AnswerQuestionRequest, _ fleet: RunningFleet, onDelta: @escaping @Sendable (AnswerDelta) -> Void)
        async throws
        -> Stream
    {
        let stream = Mutex(Stream())
        let answer = try await fleet.gateway.answer(request) { event in
            guard case .delta(let delta) = event else { return }
            stream.withLock {
                #expect(delta.first == $0.ids.count, "tokens are missing, or told twice")
                $0.ids += delta.ids
                $0.text += delta.text
                $0.reasoning += delta.reasoning
            }
            onDelta(delta)
        }
        let result = stream.withLock { $0 }
        #expect(answer.text == result.text && answer.reasoning == result.reasoning && answer.usage.completionTokens == result.ids.count)
        return result
    }

    private static func streams(
        _ requests: [AnswerQuestionRequest], _ fleet: RunningFleet, onDelta: @escaping @Sendable (AnswerDelta) -> Void = { _ in }
    ) async throws -> [Stream] {
        try await withThrowingTaskGroup(of: (Int, Stream).self) { group in
            for (index, request) in requests.enumerated() { group.addTask { (index, try await stream(request, fleet, onDelta: onDelta)) } }
            return try await group.reduce(into: Array(repeating: Stream(), count: requests.count)) { $0[$1.0] = $1.1 }
        }
    }

    @Test("text stages that are killed in the middle of 20 streams lose and change no word")
    func killed() async throws {
        let fleet = try await RunningFleet.start("vision,text", of: Binaries.questionModel)
        try await fleet.scale([.text], to: 2)
        let requests = try (0..<20).map { try Self.request("question \($0)", maxTokens: 60, seed: UInt64($0)) }
        let undisturbed = try await Self.streams(requests, fleet)
        #expect(Set(undisturbed).count > 10)
        let total = undisturbed.reduce(0) { $0 + $1.ids.count }
        let progress = Mutex((tokens: 0, kills: 0))
        let disturbed = try await Self.streams(requests, fleet) { delta in
            let isTime = progress.withLock {
                $0.tokens += delta.ids.count
                guard $0.kills < 3, $0.tokens >= ($0.kills + 1) * total / 4 else { return false }
                $0.kills += 1
                return true
            }
            // One after another, so that there is always a stage that serves, or soon will.
            guard isTime, let victim = fleet.processes("glm-text").first else { return }
            kill(victim, SIGKILL)
        }
        #expect(progress.withLock { $0.kills } == 3)
        #expect(disturbed == undisturbed)
        #expect(try await fleet.gateway.status().stages.reduce(0) { $0 + $1.restarts } > 0)
        await fleet.stop()
    }
}
