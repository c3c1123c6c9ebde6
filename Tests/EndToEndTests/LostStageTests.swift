import Domain
import Foundation
import Processes
import Synchronization
import Testing
import Wire

/// Stages that crash, hang, hide or come to nothing: it is noticed, told, and mended, and no request is lost.
@Suite(.timeLimit(.minutes(3)), .serialized) struct LostStageTests {
    private static let kinds: [StageKind] = [.text, .diffusion]
    /// A hanging stage is noticed within twice this time.
    private static let watchful = ["--exit-with-parent", "--probe-interval", "2"]

    private static func requests(_ count: Int) -> [GenerateImageRequest] {
        (0..<count).map { GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 4, seed: UInt64($0))) }
    }

    /// Restarts of all stages so far.
    private static func restarts(_ stages: [StageStatus]) -> Int { stages.reduce(0) { $0 + $1.restarts } }

    // MARK: A crash

    @Test("no program catches the signals of a crash, which would keep its sockets open while a backtrace is made")
    func signals() async throws {
        let fleet = try await RunningFleet.start()
        for program in ["glm-gateway", "glm-vision", "glm-text", "glm-diffusion"] {
            let process = try #require(fleet.processes(program).first)
            let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            let mask = try #require(status.firstMatch(of: #/SigCgt:\s*([0-9a-f]+)/#).flatMap { UInt64($0.1, radix: 16) })
            for signal in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] {
                #expect(mask >> UInt64(signal - 1) & 1 == 0, "\(program) catches signal \(signal)")
            }
        }
        await fleet.stop()
    }

    @Test("stages that crash, trap or are told to end under load, one of each kind, cost no request and change no byte")
    func crashes() async throws {
        let fleet = try await RunningFleet.start("text,diffusion")
        let signals = [SIGSEGV, SIGILL, SIGABRT, SIGTRAP, SIGBUS, SIGTERM]
        let requests = Self.requests(4 * signals.count)
        let undisturbed = try await fleet.answers(requests, atOnce: 4)
        let disturbed = try await fleet.answers(requests, atOnce: 4) { done in
            guard done % 4 == 1, let victim = fleet.processes(Self.kinds[done / 4 % 2].descriptor.program).first else { return }
            kill(victim, signals[done / 4])
        }
        #expect(disturbed.map(\.image) == undisturbed.map(\.image))
        #expect(Self.restarts(try await fleet.gateway.status().stages) > 0)
        await fleet.stop()
    }

    // MARK: A stage that hangs

    @Test("a stage that is stopped without work is told and replaced, though nobody asks anything of it")
    func stoppedIdle() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", Self.watchful)
        let victim = try #require(fleet.processes("glm-text").first)
        kill(victim, SIGSTOP)
        _ = try await fleet.program.error { $0.contains("stage is silent") && $0.contains("text-0") && $0.contains("does not answer") }
        _ = try await fleet.program.error { $0.contains("stage is killed") && $0.contains("text-0") }
        try await fleet.waitForStages { $0.count { $0.health == .serving } == 2 && Self.restarts($0) == 1 }
        #expect(!fleet.processes("glm-text").contains(victim))
        _ = try await fleet.picture()
        await fleet.stop()
    }

    @Test("a stage that is stopped while it computes is replaced, and its request answered, long before the stall limit")
    func stoppedBusy() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", Self.watchful)
        let request = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 128, width: 128, steps: 100, seed: 1))
        let undisturbed = try await fleet.gateway.generate(request)
        let disturbed = Task { try await fleet.gateway.generate(request) }
        try await fleet.waitForStages { $0.contains { $0.description?.kind == "diffusion" && $0.description?.running == 1 } }
        kill(try #require(fleet.processes("glm-diffusion").first), SIGSTOP)
        #expect(try await disturbed.value.image == undisturbed.image)
        #expect(Self.restarts(try await fleet.gateway.status().stages) >= 1)
        await fleet.stop()
    }

    @Test("a stage of somebody else that is stopped is told and routed around, not killed, and serves again when it goes on")
    func stoppedStranger() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", Self.watchful)
        let stranger = try Program(
            "glm-text", ["--run-directory", fleet.folder, "--instance", "7", "--model", Binaries.model, "--threads", "1", "--exit-with-parent"],
            in: fleet.scratch)
        _ = try await stranger.output { $0.hasPrefix("ready ") }
        try await fleet.waitForStages { $0.count { $0.health == .serving } == 3 }
        let process = try #require(try await fleet.gateway.status().stages.first { $0.description?.instance == "7" }?.description?.processID)
        kill(pid_t(process), SIGSTOP)
        // Some of them go to the stage that stands still.
        #expect(try await fleet.answers(Self.requests(6), atOnce: 3).count == 6)
        try await fleet.waitForStages { $0.contains { $0.description?.instance == "7" && $0.problem.contains("does not answer") } }
        kill(pid_t(process), SIGCONT)
        try await fleet.waitForStages { $0.contains { $0.description?.processID == process && $0.health == .serving } }
        await fleet.stop()
    }

    // MARK: A stage that hides

    @Test("stages whose sockets are deleted under load are told and replaced; every request is answered")
    func deletedSockets() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", Self.watchful)
        let sockets = ["text-0.sock", "diffusion-0.sock"].map { "\(fleet.folder)/\($0)" }
        let before = fleet.processes("glm-text") + fleet.processes("glm-diffusion")
        let answers = try await fleet.answers(Self.requests(12), atOnce: 4) { done in
            if done == 3 { for socket in sockets { try FileManager.default.removeItem(atPath: socket) } }
        }
        #expect(answers.count == 12)
        _ = try await fleet.program.error { $0.contains("stage is silent") && $0.contains("is gone") }
        try await fleet.waitForStages { $0.count { $0.health == .serving } == 2 && Self.restarts($0) == 2 }
        #expect(sockets.allSatisfy { FileManager.default.fileExists(atPath: $0) })
        #expect(Set(before).isDisjoint(with: fleet.processes("glm-text") + fleet.processes("glm-diffusion")))
        _ = try await fleet.picture()
        await fleet.stop()
    }

    // MARK: A stage that comes to nothing

    @Test("a fleet whose model computes no numbers does not start, and says what the probe found, after one more try")
    func notANumber() async throws {
        let scratch = try Scratch()
        let result = try await Program.run(
            "glm", ["up", "--start", "text,diffusion", "--run-directory", scratch.file("run"), "--model", try Self.notANumber(in: scratch)],
            in: scratch)
        #expect(result.exit == .code(1))
        #expect(result.error.contains("diffusion-0 exited 2 times in a row") && result.error.contains("not finite"), "\(result.errors)")
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("a swap to a model that computes no numbers says what the probe found, and leaves no process, no file and no line in status")
    func failedSwap() async throws {
        let fleet = try await RunningFleet.start("text,diffusion")
        let before = try await fleet.picture()
        let model = try Self.notANumber(in: fleet.scratch)
        let result = try await Program.run("glm", ["swap", "diffusion", "--model", model, "--gateway", fleet.address], in: fleet.scratch)
        #expect(result.exit == .code(1))
        #expect(result.error.contains("diffusion-1 does not serve: it failed the smallest request: ") && result.error.contains("not finite"))
        #expect(fleet.processes("glm-diffusion").count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fleet.folder).filter { $0.hasPrefix("diffusion-1") } == [])
        try await fleet.waitForStages { $0.compactMap(\.description).map { "\($0.kind)-\($0.instance)" } == ["text-0", "diffusion-0"] }
        #expect(try await fleet.picture().image == before.image)
        await fleet.stop()
    }

    /// The fixture with a VAE of which nothing is a number.
    private static func notANumber(in scratch: Scratch) throws -> String {
        let copy = scratch.file("not-a-number")
        try FileManager.default.copyItem(atPath: Binaries.model, toPath: copy)
        let weights = URL(fileURLWithPath: copy + "/vae/diffusion_pytorch_model.safetensors")
        var bytes = try Data(contentsOf: weights)
        let header = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        bytes.replaceSubrange((8 + header)..., with: Data(repeating: 0xFF, count: bytes.count - 8 - header))
        try bytes.write(to: weights)
        return copy
    }
}
