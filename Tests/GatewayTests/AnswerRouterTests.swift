import Domain
import Foundation
import Gateway
import Processes
import ServerKit
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct AnswerRouterTests {
    private static let both: [ScriptedStage] = [.answering(.vision), .answering(.text, slots: 4)]

    private static func image(_ name: String) throws -> [UInt8] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return [UInt8](try Data(contentsOf: tests.appendingPathComponent("Fixtures/images/\(name)")))
    }

    private func question(seed: UInt64, images: [[UInt8]] = [], model: String = "") -> AnswerQuestionRequest {
        AnswerQuestionRequest(
            messages: [ChatMessage(role: .user, parts: images.map { .image($0) } + [.text("what?")])], model: model,
            parameters: AnswerOptions(maxTokens: 20, seed: seed))
    }

    private func words(_ seed: UInt64, _ count: Int = 20) -> String { (0..<count).map { "\(seed)-\($0) " }.joined() }

    // MARK: The way of a question

    @Test("an image goes through vision, all through text; what was decided is told first, the words as they come, all of it last")
    func answered() async throws {
        let fleet = try await ScriptedFleet.start(Self.both)
        let image = try Self.image("rgb.png")
        let events = AnswerEvents()
        let answer = try await fleet.gateway.answer(question(seed: 7, images: [image]), CallSettings(requestID: "mine"), onEvent: events.add)
        guard case .accepted(let accepted) = events.all.first else { return #expect(Bool(false), "\(events.all)") }
        #expect(accepted.requestID == "mine" && accepted.modelName == "q" && accepted.modelFingerprint == "vision:cc,text:cc")
        #expect(accepted.parameters.seed == 7 && accepted.images.count == 1 && accepted.images[0].tokens > 0)
        #expect(events.progress.map(\.stage) == ["vision", "vision", "text"])
        #expect(events.all.contains(.layout(AnswerLayout(promptTokens: 8, cachedTokens: 3, maxTokens: 20))))
        let text = "[\(UInt8(truncatingIfNeeded: image.count))]" + words(7, 19)
        #expect(events.text == text && answer.text == text && answer.reasoning == "hm")
        #expect(events.ids == (0..<20).map { Int32($0) })
        #expect(answer.usage.imageTokens == accepted.images[0].tokens && answer.modelName == "q")
        #expect(answer.boxes.map(\.pixels) == [[0, 0, (accepted.images[0].width + 1) / 2, accepted.images[0].height]])
        #expect(answer.timings.map(\.stage) == ["vision", "text", "gateway"])
        try await fleet.stop()
    }

    @Test("an image that was read before is not read again; with another bound of pixels it is")
    func embeddedOnce() async throws {
        let fleet = try await ScriptedFleet.start(Self.both)
        let image = try Self.image("rgb.png")
        for id in ["first", "second"] {
            let answer = try await fleet.gateway.answer(question(seed: 3, images: [image]), CallSettings(requestID: id))
            #expect(answer.text.hasPrefix("["))
        }
        var bounded = question(seed: 3, images: [image])
        bounded.parameters.maxPixels = 1024
        _ = try await fleet.gateway.answer(bounded, CallSettings(requestID: "third"))
        #expect(fleet.log.events.filter { $0.hasPrefix("vision") } == ["vision first", "vision third"])
        try await fleet.stop()
    }

    @Test("a fleet of two models gives each request to the one that can compute it, and tells both with what they do")
    func twoModels() async throws {
        let fleet = try await ScriptedFleet.start(Self.both + [.text, .diffusion])
        let image = GenerateImageRequest(prompt: "p", parameters: ImageOptions(steps: 1, seed: 7))
        #expect(try await fleet.gateway.generate(image).drawn == ScriptedFleet.picture(seed: 7))
        #expect(try await fleet.gateway.answer(question(seed: 1)).text == words(1))
        let status = try await fleet.status { _ in true }
        #expect(status.models.map(\.name) == ["m", "q"] && status.models.map(\.pipeline) == ["image", "answer"])
        #expect(status.models.map(\.requests) == [1, 1] && status.answers == 1 && status.images == 1)
        #expect(status.models[1].stages == ["vision-0", "text-0"] && status.models[1].missing == [] && status.models[0].missing == ["vision"])
        await #expect(
            throws: CallError(.failedPrecondition, "model m makes images only; this fleet has q, which answers questions")
        ) { try await fleet.gateway.answer(question(seed: 1, model: "m")) }
        var wrong = image
        wrong.pipeline = "answer"
        await #expect(throws: CallError(.invalidArgument, "pipeline \"answer\" makes no images; ask with Answer")) {
            try await fleet.gateway.generate(wrong)
        }
        try await fleet.stop()
    }

    @Test("a fleet without a model for questions says what it has")
    func noModel() async throws {
        let fleet = try await ScriptedFleet.start([.text, .diffusion])
        await #expect(
            throws: CallError(.failedPrecondition, "this fleet has no model that answers questions; it has m, which makes images")
        ) { try await fleet.gateway.answer(question(seed: 1)) }
        try await fleet.stop()
    }

    // MARK: Stages that fail

    @Test("killing one of two text stages in the middle of 20 streams loses no word and changes none")
    func killed() async throws {
        let stages: [ScriptedStage] = [.answering(.vision), .answering(.text, slots: 20), .answering(.text, slots: 20)]
        let killed = Promise<Void>()
        let fleet = try await ScriptedFleet.start(
            stages,
            answer: { request, token, scene in
                // About half of the streams are there at that time; the load that a stage tells may still count its probe.
                if scene.stage == "text-1" { return await killed.value ?? () }
                // Each at a place of its own, from before the first word on.
                guard token == Int(request.parameters.seed) % 15 else { return }
                scene.log.add("in the middle")
                try await scene.computeUntilCancelled()
            })
        let streams = (0..<20).map { _ in AnswerEvents() }
        let calls = streams.enumerated().map { index, events in
            Task { try await fleet.gateway.answer(question(seed: UInt64(index)), CallSettings(requestID: "\(index)"), onEvent: events.add) }
        }
        await fleet.log.wait(for: "in the middle", count: 8)
        await fleet.crash("text-0")
        killed.fulfil(())
        for (index, call) in calls.enumerated() {
            let answer = try await call.value
            #expect(answer.text == words(UInt64(index)) && answer.finish == .stop && answer.usage.completionTokens == 20)
            #expect(streams[index].text == answer.text && streams[index].reasoning == "hm")
            #expect(streams[index].ids == (0..<20).map { Int32($0) })
            #expect(streams[index].all.count { if case .layout = $0 { true } else { false } } == 1)
        }
        let resumed = fleet.log.events.filter { $0.hasPrefix("text-1 answers") && !$0.hasSuffix("behind 0") }
        #expect(!resumed.isEmpty, "\(fleet.log.events)")
        #expect(try await fleet.status { _ in true }.retries >= 8)
        try await fleet.stop()
    }

    @Test("a caller that leaves ends the stage's work")
    func cancellation() async throws {
        let fleet = try await ScriptedFleet.start(
            Self.both,
            answer: { _, token, scene in
                guard token == 3 else { return }
                scene.log.add("computes")
                do { try await scene.computeUntilCancelled() } catch {
                    scene.log.add("stopped")
                    throw error
                }
            })
        let call = Task { try await fleet.gateway.answer(question(seed: 1)) }
        await fleet.log.wait(for: "computes")
        call.cancel()
        await fleet.log.wait(for: "stopped")
        await #expect(throws: CancellationError.self) { try await call.value }
        try await fleet.stop()
    }

    @Test("questions and images wait in one gateway: a full one refuses both")
    func full() async throws {
        let free = Promise<Void>()
        let fleet = try await ScriptedFleet.start(
            Self.both + [.text, .diffusion], limit: 1,
            answer: { _, token, scene in
                if token == 0 { scene.log.add("computes") }
                _ = await free.value
            })
        let first = Task { try await fleet.gateway.answer(question(seed: 1)) }
        await fleet.log.wait(for: "computes")
        let full = CallError(.resourceExhausted, "gateway is full: 1 of 1 requests in flight")
        for refusal in [
            await #expect(throws: CallError.self) { _ = try await fleet.gateway.answer(question(seed: 2)) },
            await #expect(throws: CallError.self) { _ = try await fleet.gateway.generate(GenerateImageRequest(prompt: "p")) },
        ] { #expect(refusal?.message == full.message && refusal?.status == full.status) }
        free.fulfil(())
        #expect(try await first.value.text == words(1))
        try await fleet.stop()
    }

    @Test("a caller that reads late gets all words in order, in fewer pieces, and holds up no stage")
    func slowReader() async throws {
        let fleet = try await ScriptedFleet.start(Self.both)
        let events = AnswerEvents()
        let answer = try await fleet.gateway.answer(question(seed: 5)) { event in
            events.add(event)
            guard case .delta = event, events.deltas.count == 1 else { return }
            // The stage is done with the request while the caller has read one word.
            try await fleet.status { $0.queues.contains { $0.kind == "text" && $0.done == 1 && $0.running == 0 } }
        }
        #expect(events.text == words(5) && answer.text == words(5))
        try await fleet.stop()
    }
}

/// What a gateway has told of a question.
private final class AnswerEvents: Sendable {
    private let events = Mutex<[AnswerQuestionEvent]>([])

    var all: [AnswerQuestionEvent] { events.withLock { $0 } }
    var progress: [Wire.Progress] { all.compactMap { if case .progress(let progress) = $0 { progress } else { nil } } }
    var deltas: [AnswerDelta] { all.compactMap { if case .delta(let delta) = $0 { delta } else { nil } } }
    var ids: [Int32] { deltas.flatMap(\.ids) }
    var text: String { deltas.map(\.text).joined() }
    var reasoning: String { deltas.map(\.reasoning).joined() }

    @Sendable func add(_ event: AnswerQuestionEvent) { events.withLock { $0.append(event) } }
}
