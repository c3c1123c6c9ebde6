import Processes
import Foundation
import Gateway
import Domain
import ServerKit
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct RouterTests {
    private static let both: [ScriptedStage] = [.text, .diffusion]
    private static let broken = CallError(.internalError, "broken")

    private static func image(_ name: String) throws -> [UInt8] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return [UInt8](try Data(contentsOf: tests.appendingPathComponent("Fixtures/images/\(name)")))
    }

    private func request(seed: UInt64, side: Int? = nil) -> GenerateImageRequest {
        GenerateImageRequest(prompt: "p", parameters: ImageOptions(height: side, width: side, steps: 2, seed: seed))
    }

    // MARK: The way of a request

    @Test("a prompt goes through text and diffusion, and all that was decided is told first and last")
    func textToImage() async throws {
        let fleet = try await ScriptedFleet.start(Self.both)
        let events = Events()
        let image = try await fleet.gateway.generate(request(seed: 7), CallSettings(requestID: "mine"), onEvent: events.add)
        #expect(
            events.all.first
                == .accepted(
                    try Accepted(
                        requestID: "mine", parameters: ImageParameters(ImageOptions(height: 64, width: 64, steps: 2, seed: 7)), sources: 0,
                        modelName: "m", modelFingerprint: "text:aa,diffusion:aa")))
        #expect(events.progress.map(\.stage) == ["text", "text", "text", "diffusion", "diffusion", "diffusion"])
        #expect(events.progress.map(\.done) == [0, 1, 4, 0, 1, 2])
        #expect(
            try image.drawn == ScriptedFleet.picture(seed: 7) && image.parameters.height == 64 && image.modelFingerprint == "text:aa,diffusion:aa")
        #expect(image.timings.map(\.stage) == ["text", "gateway"])
        try await fleet.stop()
    }

    @Test("who waits for a stage hears how many go first, and hears it again when that changes")
    func places() async throws {
        let gates = [Promise<Void>(), Promise<Void>()]
        let fleet = try await ScriptedFleet.start(Self.both) { request, _ in
            if request.parameters.seed < 2 { _ = await gates[Int(request.parameters.seed)].value }
        }
        let events = Events()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seed in UInt64(0)...2 {
                let request = request(seed: seed)
                group.addTask { _ = try await fleet.gateway.generate(request) { if seed == 2 { events.add($0) } } }
                // In this order.
                try await fleet.status { $0.queues.contains { $0.kind == "text" && $0.running == 1 && $0.waiting == Int(seed) } }
            }
            while events.places != [1] { try await Task.sleep(for: .milliseconds(5)) }
            gates[0].fulfil(())
            // It may wait for diffusion afterwards.
            while !events.places.starts(with: [1, 0]) { try await Task.sleep(for: .milliseconds(5)) }
            gates[1].fulfil(())
            try await group.waitForAll()
        }
        try await fleet.stop()
    }

    @Test("one request id goes through all processes, and so does the deadline")
    func requestID() async throws {
        let fleet = try await ScriptedFleet.start(Self.both) { _, scene in
            scene.log.add("deadline \(scene.token.deadline != nil)")
        }
        _ = try await fleet.gateway.generate(request(seed: 1), CallSettings(timeout: .seconds(20), requestID: "mine"))
        #expect(fleet.log.events == ["text mine", "text-0 computes", "deadline true", "diffusion mine"])
        try await fleet.stop()
    }

    @Test("source pictures go to vision first; diffusion gets pictures and codes in the request's order")
    func imageToImage() async throws {
        let fleet = try await ScriptedFleet.start([.vision] + Self.both)
        let images = try ["rgb.png", "baseline.jpg"].map(Self.image)
        let request = GenerateImageRequest(prompt: "p", images: images, parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 3))
        #expect(try await fleet.gateway.generate(request).drawn == ScriptedFleet.picture(seed: 3, sources: images.map(\.count)))
        try await fleet.stop()
    }

    @Test("a source picture that was read before is not read again")
    func encodedOnce() async throws {
        let fleet = try await ScriptedFleet.start([.vision] + Self.both)
        let image = try Self.image("rgb.png")
        let request = GenerateImageRequest(prompt: "p", images: [image], parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 3))
        for id in ["first", "second"] {
            let answer = try await fleet.gateway.generate(request, CallSettings(requestID: id))
            #expect(try answer.drawn == ScriptedFleet.picture(seed: 3, sources: [image.count]))
        }
        #expect(fleet.log.events.filter { $0.hasPrefix("vision") } == ["vision first"])
        try await fleet.stop()
    }

    @Test("a call that loses its stage is made again on one with the same numerics, though another is free; the answer tells them")
    func sameNumerics() async throws {
        let (f32, bf16) = (Numerics(precision: "f32"), Numerics(precision: "bf16"))
        let stages = [bf16, f32, bf16].map { ScriptedStage(kind: .text, numerics: $0) } + [ScriptedStage(kind: .diffusion, numerics: f32)]
        let failure = Once()
        let fleet = try await ScriptedFleet.start(stages) { _, scene in
            if failure.happens(on: scene.stage) { throw Self.broken }
        }
        let image = try await fleet.gateway.generate(request(seed: 1))
        #expect(fleet.log.events.filter { $0.hasSuffix(" computes") }.sorted() == ["text-0 computes", "text-2 computes"])
        #expect(image.numerics == [StageNumerics(stage: "text", numerics: bf16), StageNumerics(stage: "diffusion", numerics: f32)])
        try await fleet.stop()
    }

    @Test("a call that finds no other stage with the numerics that it was begun with is made again on another, and the answer says instead of which")
    func otherNumerics() async throws {
        let (f32, bf16) = (Numerics(precision: "f32"), Numerics(precision: "bf16"))
        let stages = [
            ScriptedStage(kind: .text, slots: 2, numerics: bf16), ScriptedStage(kind: .text, numerics: f32),
            ScriptedStage(kind: .diffusion, numerics: f32),
        ]
        let fleet = try await ScriptedFleet.start(stages) { _, scene in
            if scene.stage == "text-0" { throw Self.broken }
        }
        let image = try await fleet.gateway.generate(request(seed: 1))
        #expect(fleet.log.events.filter { $0.hasSuffix(" computes") } == ["text-0 computes", "text-1 computes"])
        let text = StageNumerics(stage: "text", numerics: f32, insteadOf: bf16)
        #expect(image.numerics == [text, StageNumerics(stage: "diffusion", numerics: f32)])
        try await fleet.stop()
    }

    // MARK: Stages that are not there

    @Test("an edit without a vision stage is UNAVAILABLE, naming what to start")
    func missing() async throws {
        let fleet = try await ScriptedFleet.start(Self.both)
        let images = [try Self.image("rgb.png")]
        await #expect(throws: CallError(.unavailable, "no vision stage is running; start glm-vision with --run-directory \(fleet.folder)")) {
            try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", images: images))
        }
        #expect(try await fleet.gateway.generate(request(seed: 1)).drawn == ScriptedFleet.picture(seed: 1))
        try await fleet.stop()
    }

    @Test("stages of different models are refused by name")
    func disagreement() async throws {
        let fleet = try await ScriptedFleet.start([.text, ScriptedStage(kind: .diffusion, name: "other")])
        let refusal = await #expect(throws: CallError.self) { try await fleet.gateway.generate(request(seed: 1)) }
        #expect(refusal?.status == .failedPrecondition)
        #expect(refusal?.message.contains("text-0 has m, diffusion-0 has other") == true)
        try await fleet.stop()
    }

    // MARK: Stages that fail

    @Test("a stage that dies in the middle costs a retry on another; the picture is that of an undisturbed run, told without a step back")
    func crash() async throws {
        let crash = Once()
        let fleet = try await ScriptedFleet.start([.text, .text, .diffusion]) { _, scene in
            if scene.requestID == "disturbed", crash.happens(on: scene.stage) { try await scene.computeUntilCancelled() }
        }
        let undisturbed = try await fleet.gateway.generate(request(seed: 9), CallSettings(requestID: "undisturbed"))
        let events = Events()
        let call = Task { try await fleet.gateway.generate(request(seed: 9), CallSettings(requestID: "disturbed"), onEvent: events.add) }
        let crashed = try #require(await crash.stage), other = crashed == "text-0" ? "text-1" : "text-0"
        await fleet.crash(crashed)
        let disturbed = try await call.value
        #expect(disturbed.image == undisturbed.image)
        #expect(try undisturbed.drawn == ScriptedFleet.picture(seed: 9))
        #expect(fleet.log.events.suffix(3) == ["text disturbed", "\(other) computes", "diffusion disturbed"])
        #expect(events.progress.filter { $0.stage == "text" }.map(\.done) == [0, 1, 4])
        #expect(try await fleet.status { _ in true }.retries == 1)
        try await fleet.stop()
    }

    @Test("a request whose every stage fails is ABORTED with their number, and the stages go on to serve others")
    func givenUp() async throws {
        let fleet = try await ScriptedFleet.start([.text, .text, .diffusion]) { request, _ in
            if request.parameters.seed == 13 { throw Self.broken }
        }
        let refusal = await #expect(throws: CallError.self) { try await fleet.gateway.generate(request(seed: 13)) }
        #expect(refusal?.status == .aborted)
        #expect(refusal?.message.hasPrefix("given up: 6 stages failed while they computed this request, the last was text-") == true)
        #expect(refusal?.message.hasSuffix(": broken") == true)
        #expect(fleet.log.events.count { $0.hasSuffix("stopped") } == 6)
        #expect(Set(fleet.log.events.filter { $0.hasSuffix("stopped") }) == ["text-0 stopped", "text-1 stopped"])
        #expect(try await fleet.gateway.generate(request(seed: 1)).drawn == ScriptedFleet.picture(seed: 1))
        try await fleet.stop()
    }

    @Test("a request's own fault is told at once, without a retry")
    func ownFault() async throws {
        let fleet = try await ScriptedFleet.start([.text, .text, .diffusion]) { _, _ in throw CallError(.invalidArgument, "prompt is dull") }
        await #expect(throws: CallError(.invalidArgument, "prompt is dull")) { try await fleet.gateway.generate(request(seed: 1)) }
        #expect(fleet.log.events.count { $0.hasSuffix("computes") } == 1)
        #expect(try await fleet.status { _ in true }.retries == 0)
        try await fleet.stop()
    }

    @Test("a stage that makes nothing past the stall limit is left, the request goes on elsewhere, and the stage serves again once it passes a probe")
    func stall() async throws {
        let hang = Once()
        let fleet = try await ScriptedFleet.start([.text, .text, .diffusion], timing: FleetTiming(stall: .seconds(1))) { _, scene in
            if hang.happens(on: scene.stage) { try await scene.hangUntilCancelled() }
        }
        #expect(try await fleet.gateway.generate(request(seed: 5)).drawn == ScriptedFleet.picture(seed: 5))
        #expect(try await fleet.status { $0.stages.allSatisfy { $0.health == .serving } }.retries == 1)
        #expect(fleet.log.events.filter { $0.hasSuffix("computes") }.sorted() == ["text-0 computes", "text-1 computes"])
        await fleet.log.wait(for: "\(await hang.stage ?? "") stopped")
        try await fleet.stop()
    }

    @Test("a slow stage that computes and has nothing to tell is waited for, past the stall limit")
    func slowIsNoStall() async throws {
        let fleet = try await ScriptedFleet.start([.text, .text, .diffusion], timing: FleetTiming(stall: .seconds(1))) { _, scene in
            try await scene.compute(for: .seconds(2))
        }
        #expect(try await fleet.gateway.generate(request(seed: 5)).drawn == ScriptedFleet.picture(seed: 5))
        #expect(fleet.log.events.count { $0.hasSuffix("computes") && $0.hasPrefix("text") } == 1)
        #expect(try await fleet.status { _ in true }.retries == 0)
        try await fleet.stop()
    }

    // MARK: Lines

    @Test("with all slots taken, requests wait in the order of their arrival, and all are served")
    func order() async throws {
        let free = Promise<Void>()
        let fleet = try await ScriptedFleet.start(Self.both) { _, _ in _ = await free.value }
        var calls: [Task<GeneratedImage, any Error>] = []
        for index in UInt64(0)..<5 {
            let accepted = Promise<Void>()
            calls.append(
                Task {
                    try await fleet.gateway.generate(request(seed: index), CallSettings(requestID: "\(index)")) { event in
                        if case .accepted = event { accepted.fulfil(()) }
                    }
                })
            _ = await accepted.value
        }
        let line = try await fleet.status { $0.queues.contains { $0.kind == "text" && $0.waiting == 4 } }.queues.first { $0.kind == "text" }
        #expect(line?.running == 1 && line?.slots == 1)
        free.fulfil(())
        for (index, call) in calls.enumerated() { #expect(try await call.value.drawn == ScriptedFleet.picture(seed: UInt8(index))) }
        #expect(fleet.log.events.filter { $0.hasPrefix("text ") } == (0..<5).map { "text \($0)" })
        try await fleet.stop()
    }

    @Test("a stage computes as many requests side by side as it has slots")
    func slots() async throws {
        let free = Promise<Void>()
        let fleet = try await ScriptedFleet.start([ScriptedStage(kind: .text, slots: 3), .diffusion]) { _, _ in _ = await free.value }
        let calls = (UInt64(0)..<4).map { seed in Task { try await fleet.gateway.generate(request(seed: seed)) } }
        await fleet.log.wait(for: "text-0 computes", count: 3)
        try await fleet.status { $0.queues.contains { $0.kind == "text" && $0.waiting == 1 && $0.running == 3 } }
        free.fulfil(())
        for call in calls { _ = try await call.value }
        try await fleet.stop()
    }

    @Test("a full gateway refuses with its limit and a hint when to ask again, and serves the next when there is room")
    func full() async throws {
        let free = Promise<Void>()
        let fleet = try await ScriptedFleet.start(Self.both, limit: 1) { _, _ in _ = await free.value }
        let first = Task { try await fleet.gateway.generate(request(seed: 1)) }
        await fleet.log.wait(for: "text-0 computes")
        let refusal = await #expect(throws: CallError.self) { try await fleet.gateway.generate(request(seed: 2)) }
        #expect(refusal?.status == .resourceExhausted && refusal?.retryAfter != nil)
        #expect(refusal?.message == "gateway is full: 1 of 1 requests in flight")
        free.fulfil(())
        #expect(try await first.value.drawn == ScriptedFleet.picture(seed: 1))
        #expect(try await fleet.gateway.generate(request(seed: 3)).drawn == ScriptedFleet.picture(seed: 3))
        #expect(try await fleet.status { _ in true }.refused == 1)
        try await fleet.stop()
    }

    // MARK: Callers that leave, and deadlines

    @Test("a client that leaves ends the stage's work")
    func cancellation() async throws {
        let fleet = try await ScriptedFleet.start(Self.both) { _, scene in try await scene.computeUntilCancelled() }
        let call = Task { try await fleet.gateway.generate(request(seed: 1)) }
        await fleet.log.wait(for: "text-0 computes")
        call.cancel()
        await fleet.log.wait(for: "text-0 stopped")
        await #expect(throws: CancellationError.self) { try await call.value }
        try await fleet.stop()
    }

    @Test("a client that leaves the line gives its place up")
    func leavesTheLine() async throws {
        let free = Promise<Void>()
        let fleet = try await ScriptedFleet.start(Self.both) { _, _ in _ = await free.value }
        let first = Task { try await fleet.gateway.generate(request(seed: 1)) }
        await fleet.log.wait(for: "text-0 computes")
        let second = Task { try await fleet.gateway.generate(request(seed: 2)) }
        try await fleet.status { $0.queues.contains { $0.kind == "text" && $0.waiting == 1 } }
        second.cancel()
        try await fleet.status { $0.queues.contains { $0.kind == "text" && $0.waiting == 0 } }
        free.fulfil(())
        _ = try await first.value
        #expect(fleet.log.events.count { $0 == "text-0 computes" } == 1)
        try await fleet.stop()
    }

    @Test("a deadline ends the stage's work, and the client hears DEADLINE_EXCEEDED")
    func deadline() async throws {
        let fleet = try await ScriptedFleet.start(Self.both) { _, scene in try await scene.computeUntilCancelled() }
        let refusal = await #expect(throws: CallError.self) {
            try await fleet.gateway.generate(request(seed: 1), CallSettings(timeout: .seconds(3)))
        }
        #expect(refusal?.status == .deadlineExceeded)
        await fleet.log.wait(for: "text-0 stopped")
        try await fleet.stop()
    }

    @Test("a request that waits learns as soon as its deadline can't be met any more; no stage hears of it")
    func tooLate() async throws {
        let free = Promise<Void>()
        let fleet = try await ScriptedFleet.start(Self.both) { request, _ in
            if request.parameters.seed == 9 { _ = await free.value } else { try await Task.sleep(for: .milliseconds(20)) }
        }
        for seed in UInt64(1)...3 { _ = try await fleet.gateway.generate(request(seed: seed)) }
        let holder = Task { try await fleet.gateway.generate(request(seed: 9)) }
        await fleet.log.wait(for: "text-0 computes", count: 4)
        let refusal = await #expect(throws: CallError.self) {
            try await fleet.gateway.generate(request(seed: 4), CallSettings(timeout: .seconds(2), requestID: "late"))
        }
        #expect(refusal?.status == .deadlineExceeded)
        #expect(refusal?.message.hasPrefix("the deadline can't be met: what is left to compute takes ") == true, "\(refusal?.message ?? "")")
        free.fulfil(())
        _ = try await holder.value
        #expect(!fleet.log.events.contains("text late"))
        try await fleet.stop()
    }

    @Test("a deadline that can't be met is refused at once, with both times; no stage hears of the request")
    func impossible() async throws {
        // Each takes 20 ms for 4 codes: 4096 codes are at least 20 s.
        let fleet = try await ScriptedFleet.start(Self.both) { _, _ in try await Task.sleep(for: .milliseconds(20)) }
        for seed in UInt64(1)...3 { _ = try await fleet.gateway.generate(request(seed: seed)) }
        let before = fleet.log.events
        let refusal = await #expect(throws: CallError.self) {
            try await fleet.gateway.generate(request(seed: 4, side: 2048), CallSettings(timeout: .seconds(10)))
        }
        #expect(refusal?.status == .deadlineExceeded && refusal?.retryAfter != nil)
        #expect(refusal?.message.hasPrefix("the deadline can't be met: place 1 would be done in about ") == true)
        #expect(fleet.log.events == before)
        try await fleet.stop()
    }
}

/// What a gateway has told of a request.
private final class Events: Sendable {
    private let events = Mutex<[GenerateImageEvent]>([])

    var all: [GenerateImageEvent] { events.withLock { $0 } }
    var progress: [Wire.Progress] { all.compactMap { if case .progress(let progress) = $0 { progress } else { nil } } }

    var places: [Int] { all.compactMap { if case .place(let place) = $0 { place.ahead } else { nil } } }

    @Sendable func add(_ event: GenerateImageEvent) { events.withLock { $0.append(event) } }
}
