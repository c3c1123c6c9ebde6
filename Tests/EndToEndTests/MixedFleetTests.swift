import Domain
import Foundation
import Processes
import Testing
import Wire

/// Stages of one model that compute differently.
@Suite(.timeLimit(.minutes(2)), .serialized) struct MixedFleetTests {
    /// A diffusion stage with other kernels than the fleet's own, which are the fastest of this machine. Nil where it has no others.
    private func other(in fleet: RunningFleet) async throws -> Program {
        let stage = try Program(
            "glm-diffusion",
            [
                "--run-directory", fleet.folder, "--instance", "9", "--model", Binaries.model, "--threads", "1", "--kernels", "generic",
                "--exit-with-parent",
            ], in: fleet.scratch)
        _ = try await stage.output { $0.hasPrefix("ready ") }
        return stage
    }

    private static func isAlike(_ stages: [StageStatus]) -> Bool {
        Set(stages.compactMap(\.description).filter { $0.kind == "diffusion" }.map(\.numerics)).count == 1
    }

    @Test("one seed gives one image however many ask at once; the stage that differs is on standby, told by status, and computes when it is alone")
    func standby() async throws {
        // Of as many slots in f32 and bf16, f32 would be preferred.
        let fleet = try await RunningFleet.start("text,diffusion", ["--exit-with-parent", "--precision", "f32"])
        let first = try await fleet.picture()
        let stage = try await other(in: fleet)
        try await fleet.waitForStages { $0.count { $0.health == .serving } == 3 }
        let stages = try await fleet.gateway.status().stages
        guard !Self.isAlike(stages) else { return await fleet.stop() }
        let differing = try #require(stages.first { $0.note.hasPrefix("on standby: computes ") }?.description)
        let request = GenerateImageRequest(prompt: "a \"cat\"", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 1))
        let images = try await fleet.answers(Array(repeating: request, count: 12), atOnce: 6)
        #expect(Set(images.map(\.image)) == [first.image] && Set(images.map(\.numerics)) == [first.numerics])

        let serving = try #require(stages.compactMap(\.description).first { $0.kind == "diffusion" && $0.instance != differing.instance })
        try await OperationsClient(fleet.connection).drain(DrainStageRequest(stage: "diffusion-\(serving.instance)")) { _ in }
        let other = try await fleet.picture()
        #expect(other.numerics.first { $0.stage == "diffusion" }?.numerics == differing.numerics)
        _ = stage
        await fleet.stop()
    }

    @Test("with --mixed-numerics refuse, a stage that differs from the first gets nothing, and the reason is told")
    func refuse() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", ["--exit-with-parent", "--mixed-numerics", "refuse"])
        let stage = try await other(in: fleet)
        try await fleet.waitForStages { $0.count { $0.description?.state == .serving && $0.problem != "is being probed" } == 3 }
        let stages = try await fleet.gateway.status().stages
        guard !Self.isAlike(stages) else { return await fleet.stop() }
        try await fleet.waitForStages { $0.contains { $0.description?.instance == "9" && $0.problem.contains("--mixed-numerics is refuse") } }
        _ = stage
        await fleet.stop()
    }

    @Test("bf16 that the kernels do not multiply is f32: the stage's description says so, and its log")
    func unmetPrecision() async throws {
        let scratch = try Scratch()
        let stage = try Program(
            "glm-text",
            [
                "--run-directory", scratch.file("run"), "--instance", "0", "--model", Binaries.model, "--threads", "1", "--kernels", "generic",
                "--precision", "bf16", "--exit-with-parent",
            ], in: scratch)
        _ = try await stage.output { $0.hasPrefix("ready ") }
        _ = try await stage.error { $0.contains("computes in f32: bf16 was asked for") }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/text-0.sock"))
        #expect(try await StageClient(connection).describe().numerics.precision == "f32")
        await connection.close()
        #expect(await stage.child.stop(grace: .seconds(10)) == .code(0))
    }

    @Test("kernels that this CPU does not run are refused with those that it runs")
    func kernels() async throws {
        let scratch = try Scratch()
        let refused = try await Program.run("glm-text", ["--run-directory", scratch.file("run"), "--kernels", "sse"], in: scratch)
        #expect(refused.exit == .code(2) && refused.errors.contains { $0.contains("generic") }, "\(refused.errors)")
        #if arch(x86_64)
            let other = "neon"
        #else
            let other = "avx2"
        #endif
        let bench = try await Program.run("glm", ["bench", Binaries.model, "--kernels", other], in: scratch)
        let reason = "does not run the kernels \(other); it runs generic"
        #expect(bench.exit != .code(0) && bench.errors.contains { $0.contains(reason) }, "\(bench.errors)")
    }

    @Test("verify holds with the kernels that every processor has")
    func verified() async throws {
        let scratch = try Scratch()
        let result = try await Program.run(
            "glm", ["verify", Binaries.model, Binaries.model + "-text-to-image.safetensors", "--kernels", "generic"], in: scratch)
        #expect(result.exit == .code(0), "\(result.output) \(result.errors)")
    }

    @Test(
        "passes that are to be divided in both ways, and a time to wait where nobody is waited for, are refused with the names of both flags",
        arguments: [
            (["--ulysses-degree", "2", "--tensor-parallel-size", "4"], "--ulysses-degree 2 with --tensor-parallel-size 4; one of the two at a time"),
            (["--hccl-timeout", "60"], "--hccl-timeout is 60, but without --ulysses-degree or --tensor-parallel-size no device waits for another"),
        ])
    func divisions(flags: [String], message: String) async throws {
        let scratch = try Scratch()
        let refused = try await Program.run("glm-diffusion", ["--run-directory", scratch.file("run")] + flags, in: scratch)
        #expect(refused.exit == .code(2) && refused.errors.contains { $0.contains(message) }, "\(refused.errors)")
    }
}
