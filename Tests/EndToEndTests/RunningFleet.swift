import Foundation
import Gateway
import Wire

/// A gateway with its three stages, as an operator would run them.
final class RunningFleet: Sendable {
    let scratch: Scratch
    let program: Program
    let connection: StageConnection
    var folder: String { scratch.file("run") }
    var gateway: GatewayClient { GatewayClient(connection) }
    var address: String { "unix:\(folder)/gateway.sock" }

    private init(_ scratch: Scratch, _ program: Program, _ connection: StageConnection) {
        self.scratch = scratch
        self.program = program
        self.connection = connection
    }

    static func start(_ kinds: String = "vision,text,diffusion") async throws -> RunningFleet {
        let scratch = try Scratch()
        let folder = scratch.file("run")
        let program = try Program(
            "glm-gateway", ["--run-directory", folder, "--start", kinds, "--model", Binaries.model, "--threads", "1", "--exit-with-parent"], in: scratch)
        _ = try await program.output { $0.hasPrefix("ready ") }
        return RunningFleet(scratch, program, try StageConnection(to: .unix(path: folder + "/gateway.sock")))
    }

    /// A small request.
    func picture(seed: UInt64 = 1) async throws -> GeneratedImage {
        try await gateway.generate(GenerateImageRequest(prompt: "a \"cat\"", height: 64, width: 64, steps: 2, seed: seed))
    }

    /// Returns when the stages fit: their counts tell whether they compute.
    func waitForStages(where fits: ([StageStatus]) -> Bool) async throws {
        while !fits(try await gateway.status().stages) { try await Task.sleep(for: .milliseconds(5)) }
    }

    func stop() async {
        await connection.close()
        _ = await program.child.stop(grace: .seconds(10))
    }
}
