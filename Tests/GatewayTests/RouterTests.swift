import Foundation
import Gateway
import StageKit
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct RouterTests {
    private static let both: [(kind: StageKind, model: String)] = [(.text, "aa"), (.diffusion, "aa")]

    @Test("a prompt goes through text and diffusion, and all that was decided is told first and last")
    func textToImage() async throws {
        let fleet = try await ScriptedFleet.start(Self.both)
        let events = Mutex<[GenerateImageEvent]>([])
        let image = try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", steps: 2, seed: 7), CallSettings(requestID: "mine")) { event in
            events.withLock { $0.append(event) }
        }
        let heard = events.withLock { $0 }
        #expect(
            heard.first
                == .accepted(
                    Accepted(
                        requestID: "mine", height: 64, width: 64, steps: 2, guidanceScale: 1.5, seed: 7, format: .png, sampling: nil, sources: 0,
                        modelName: "m", modelFingerprint: "aa")))
        let progress = heard.compactMap { event in if case .progress(let progress) = event { progress } else { nil as Wire.Progress? } }
        #expect(progress.map(\.stage) == ["text", "text", "diffusion", "diffusion", "diffusion"])
        #expect(progress.map(\.done) == [0, 5, 0, 1, 2])
        #expect(image.image == [7] && image.height == 64 && image.modelFingerprint == "aa")
        #expect(image.timings.map(\.stage) == ["text", "gateway"])
        try await fleet.stop()
    }

    @Test("one request id goes through all processes, and so does the deadline")
    func requestID() async throws {
        let fleet = try await ScriptedFleet.start(Self.both)
        _ = try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", steps: 1), CallSettings(timeout: .seconds(20), requestID: "mine"))
        await fleet.log.wait(for: "text mine with deadline")
        await fleet.log.wait(for: "diffusion mine")
        try await fleet.stop()
    }

    @Test("source pictures go to vision first; diffusion gets pictures and codes in the request's order")
    func imageToImage() async throws {
        let fleet = try await ScriptedFleet.start([(.vision, "aa")] + Self.both)
        let images = try ["rgb.png", "baseline.jpg"].map { [UInt8](try Data(contentsOf: Self.images.appendingPathComponent($0))) }
        let image = try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", images: images, steps: 1, seed: 3))
        #expect(image.image == images.map { UInt8(truncatingIfNeeded: $0.count) } + [3])
        try await fleet.stop()
    }

    @Test("an edit without a vision stage is UNAVAILABLE, naming what to start")
    func missing() async throws {
        let fleet = try await ScriptedFleet.start(Self.both)
        let images = [[UInt8](try Data(contentsOf: Self.images.appendingPathComponent("rgb.png")))]
        await #expect(throws: CallError(.unavailable, "no vision stage is running; start glm-vision with --run-directory \(fleet.folder)")) {
            try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", images: images))
        }
        #expect(try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", steps: 1, seed: 1)).image == [1])
        try await fleet.stop()
    }

    @Test("stages of different models are refused by name")
    func disagreement() async throws {
        let fleet = try await ScriptedFleet.start([(.text, "aa"), (.diffusion, "bb")])
        let refusal = await #expect(throws: CallError.self) { try await fleet.gateway.generate(GenerateImageRequest(prompt: "p")) }
        #expect(refusal?.status == .failedPrecondition)
        #expect(refusal?.message.contains("text-0 has m aa, diffusion-0 has m bb") == true)
        try await fleet.stop()
    }

    @Test("a full stage's refusal reaches the client with its hint, and the next request is served")
    func full() async throws {
        let free = Promise<Void>()
        let fleet = try await ScriptedFleet.start(Self.both) { _, _, log in
            log.add("computing")
            _ = await free.value
        }
        let first = Task { try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", steps: 1, seed: 1)) }
        await fleet.log.wait(for: "computing")
        let refusal = await #expect(throws: CallError.self) { try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", steps: 1, seed: 2)) }
        #expect(refusal?.status == .resourceExhausted && refusal?.retryAfter != nil)
        #expect(refusal?.message.hasPrefix("stage text-0: busy") == true)
        free.fulfil(())
        #expect(try await first.value.image == [1])
        try await fleet.stop()
    }

    @Test("a client that leaves ends the stage's work")
    func cancellation() async throws {
        let fleet = try await ScriptedFleet.start(Self.both) { _, token, log in
            log.add("computing")
            while !token.isCancelled { await Task.yield() }
            log.add("stopped")
            try token.checkCancellation()
        }
        let call = Task { try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", steps: 1)) }
        await fleet.log.wait(for: "computing")
        call.cancel()
        await fleet.log.wait(for: "stopped")
        await #expect(throws: CancellationError.self) { try await call.value }
        try await fleet.stop()
    }

    @Test("a deadline ends the stage's work, and the client hears DEADLINE_EXCEEDED")
    func deadline() async throws {
        let fleet = try await ScriptedFleet.start(Self.both) { _, token, log in
            while !token.isCancelled { await Task.yield() }
            log.add("stopped")
            try token.checkCancellation()
        }
        let refusal = await #expect(throws: CallError.self) {
            try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", steps: 1), CallSettings(timeout: .milliseconds(300)))
        }
        #expect(refusal?.status == .deadlineExceeded)
        await fleet.log.wait(for: "stopped")
        try await fleet.stop()
    }

    private static let images = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/images")
}
