import Foundation
import Processes
import Imaging
import Domain
import Synchronization
import TestSupport
import Testing
import Wire

/// What the fleet loses when processes die and operators work: nothing. `GLM_LONG=1` runs the long versions.
@Suite(.timeLimit(.minutes(10)), .serialized) struct FailureTests {
    private static let kinds: [StageKind] = [.vision, .text, .diffusion]

    /// Small requests, every third of them an edit of a picture that no other edits.
    private static func requests(_ count: Int) throws -> [GenerateImageRequest] {
        try (0..<count).map { index in
            let picture = RGBImage(width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0 &+ 3 &* index) })
            let images = index % 3 == 2 ? [try picture.png()] : []
            return GenerateImageRequest(
                prompt: "a \"cat\"", images: images, parameters: ImageOptions(height: 64, width: 64, steps: 4, seed: UInt64(index)))
        }
    }

    @Test("stages killed at random cost no request and change no byte: 8 at once, 2 stages of each kind")
    func kills() async throws {
        let fleet = try await RunningFleet.start()
        try await fleet.scale(Self.kinds, to: 2)
        let requests = try Self.requests(LongTests.areEnabled ? 200 : 40)
        let undisturbed = try await fleet.answers(requests, atOnce: 8)
        let killed = Atomic<Int>(0)
        let random = Mutex(SeededRandom("stages killed at random"))
        let disturbed = try await fleet.answers(requests, atOnce: 8) { done in
            let candidates = done % 4 == 0 ? fleet.processes(Self.kinds[done / 4 % 3].descriptor.program).sorted() : []
            guard let victim = random.withLock({ candidates.randomElement(using: &$0) }) else { return }
            kill(victim, SIGKILL)
            killed.add(1, ordering: .relaxed)
        }
        #expect(killed.load(ordering: .relaxed) >= requests.count / 8)
        #expect(disturbed.map(\.image) == undisturbed.map(\.image))
        await fleet.stop()
        #expect(Program.running(in: fleet.scratch).isEmpty)
    }

    @Test("the model of diffusion swapped and a vision stage drained under load: every answer is the old model's or the new one's")
    func swapAndDrain() async throws {
        let fleet = try await RunningFleet.start()
        try await fleet.scale(Self.kinds, to: 2)
        let other = try Self.otherModel(in: fleet.scratch)
        let requests = try Self.requests(LongTests.areEnabled ? 100 : 30)
        let old = try await fleet.answers(requests, atOnce: 4)
        let operations = OperationsClient(fleet.connection)
        let changed = Mutex<Task<Void, any Error>?>(nil)
        let mixed = try await fleet.answers(requests, atOnce: 4) { done in
            guard done == requests.count / 5 else { return }
            changed.withLock {
                $0 = Task {
                    try await operations.drain(DrainStageRequest(stage: "vision-0")) { _ in }
                    try await operations.swap(SwapRequest(kind: "diffusion", model: other)) { _ in }
                }
            }
        }
        try await changed.withLock { $0 }?.value
        let new = try await fleet.answers(requests, atOnce: 4)
        #expect(new.map(\.image) != old.map(\.image) && new[0].modelFingerprint != old[0].modelFingerprint)
        for index in requests.indices {
            let right = mixed[index].modelFingerprint == old[index].modelFingerprint ? old[index] : new[index]
            #expect(mixed[index].image == right.image && mixed[index].modelFingerprint == right.modelFingerprint)
        }
        let stages = try await fleet.gateway.status().stages.compactMap(\.description).map { "\($0.kind)-\($0.instance)" }
        #expect(stages == ["vision-1", "text-0", "text-1", "diffusion-2", "diffusion-3"])
        await fleet.stop()
    }

    @Test("a swap to a folder that is no model changes nothing and says why; the last stage of a kind is not drained unless forced")
    func refusedOperations() async throws {
        let scratch = try Scratch()
        let roots = ["--model-root", scratch.path, "--model-root", Binaries.fixtures.path]
        let fleet = try await RunningFleet.start("text,diffusion", in: scratch, ["--exit-with-parent"] + roots)
        let operations = OperationsClient(fleet.connection)
        let before = try await fleet.picture()
        let swap = await #expect(throws: CallError.self) {
            try await operations.swap(SwapRequest(kind: "diffusion", model: fleet.scratch.path)) { _ in }
        }
        #expect(swap?.status == .failedPrecondition && swap?.message.contains("model_index.json") == true, "\(swap as Any)")
        let elsewhere = await #expect(throws: CallError.self) { try await operations.swap(SwapRequest(kind: "diffusion", model: "/etc")) { _ in } }
        #expect(elsewhere?.message.hasPrefix("/etc is no folder within ") == true)
        let same = await #expect(throws: CallError.self) {
            try await operations.swap(SwapRequest(kind: "diffusion", model: Binaries.model)) { _ in }
        }
        #expect(same?.message.hasPrefix("the diffusion stages have that model already") == true)
        let drain = await #expect(throws: CallError.self) { try await operations.drain(DrainStageRequest(stage: "text-0")) { _ in } }
        #expect(drain?.status == .failedPrecondition && drain?.message.hasPrefix("text-0 is the only text stage") == true)
        let unknown = await #expect(throws: CallError.self) { try await operations.drain(DrainStageRequest(stage: "text-9")) { _ in } }
        #expect(unknown == CallError(.notFound, "there is no stage \"text-9\"; there are text-0, diffusion-0"))
        let kind = await #expect(throws: CallError.self) { try await operations.scale(ScaleRequest(kind: "audio", replicas: 2)) { _ in } }
        #expect(kind == CallError(.invalidArgument, "kind is \"audio\"; one of vision, text, diffusion"))
        #expect(try await fleet.picture().image == before.image)
        await fleet.stop()
    }

    @Test("a stage that stands still is ended, and its request is answered by the one that takes its place")
    func stall() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", ["--exit-with-parent", "--stall-limit", "1"])
        let before = try await fleet.picture()
        let victim = try #require(fleet.processes("glm-diffusion").first)
        kill(victim, SIGSTOP)
        #expect(try await fleet.picture().image == before.image)
        #expect(!fleet.processes("glm-diffusion").contains(victim))
        await fleet.stop()
    }

    @Test("a gateway that is killed leaves its stages; the next one finds them, and what operators made of them")
    func gatewayKilled() async throws {
        let scratch = try Scratch()
        let first = try await RunningFleet.start("text,diffusion", in: scratch, [])
        try await first.scale([.text], to: 2)
        let before = try await first.picture()
        let stages = Set(first.processes("glm-text") + first.processes("glm-diffusion"))
        first.program.child.send(SIGKILL)
        _ = await first.program.child.exit.value
        let second = try await RunningFleet.start("text,diffusion", in: scratch, [])
        try await second.waitForStages { $0.count { $0.health == .serving } == 3 }
        #expect(Set(second.processes("glm-text") + second.processes("glm-diffusion")) == stages)
        #expect(try await second.picture().image == before.image)
        // It also takes up their supervision.
        kill(try #require(second.processes("glm-text").first), SIGKILL)
        #expect(try await second.picture().image == before.image)
        await second.stop()
        #expect(Program.running(in: scratch).isEmpty)
    }

    /// The fixture with other weights in its diffusion transformer.
    static func otherModel(in scratch: Scratch) throws -> String {
        let copy = scratch.file("other")
        try FileManager.default.copyItem(atPath: Binaries.model, toPath: copy)
        let weights = URL(fileURLWithPath: copy + "/transformer/diffusion_pytorch_model.safetensors")
        var bytes = try Data(contentsOf: weights)
        // Behind the header all is numbers: the second half is another.
        let half = bytes.count / 2 / 8 * 8
        bytes.replaceSubrange(half..<bytes.count, with: bytes[half..<bytes.count].reversed().map { $0 & 0x3F })
        try bytes.write(to: weights)
        return copy
    }
}
