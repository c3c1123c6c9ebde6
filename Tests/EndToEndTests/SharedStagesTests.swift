import Domain
import Processes
import Testing
import Wire

/// Two gateways over the same stages.
@Suite(.timeLimit(.minutes(2)), .serialized) struct SharedStagesTests {
    /// Takes longer than the test, which cancels it.
    private static let long = GenerateImageRequest(prompt: "a \"cat\"", parameters: ImageOptions(height: 512, width: 512, steps: 200, seed: 2))
    private static let short = GenerateImageRequest(prompt: "a \"cat\"", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 1))

    /// The diffusion stage that drew an image.
    private static func stage(of image: GeneratedImage) -> String? { image.timings.first { $0.stage == "diffusion" }?.instance }

    /// The diffusion stages that draw for a gateway.
    private static func busyStages(of gateway: GatewayClient) async throws -> Set<String> {
        let stages = try await gateway.status().stages.filter { $0.description?.kind == "diffusion" && $0.inFlight > 0 }
        return Set(stages.compactMap(\.description?.instance))
    }

    /// Begins a long image; returns when it is being drawn.
    private static func begin(at gateway: GatewayClient) async -> Task<GeneratedImage, any Error> {
        let drawn = Promise<Void>()
        let call = Task {
            try await gateway.generate(long) {
                if case .progress(let progress) = $0, progress.stage == "diffusion", progress.done > 0 { drawn.fulfil(()) }
            }
        }
        _ = await drawn.value
        return call
    }

    @Test("one gateway leaves the stages alone that another keeps busy, and where all are busy its requests wait in them")
    func sharedLoad() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", ["--exit-with-parent"])
        try await fleet.scale([.diffusion], to: 2)
        let stages = ["text-0", "diffusion-0", "diffusion-1"].flatMap { ["--stage", "unix:\(fleet.folder)/\($0).sock"] }
        let folder = fleet.scratch.file("second")
        let program = try Program(
            "glm-gateway", ["--run-directory", folder, "--exit-with-parent"] + stages, in: fleet.scratch)
        _ = try await program.output { $0.hasPrefix("ready ") }
        let connection = try StageConnection(to: .unix(path: folder + "/gateway.sock"))
        let second = GatewayClient(connection)
        while try await second.status().stages.count(where: { $0.health == .serving }) < 3 { try await Task.sleep(for: .milliseconds(5)) }
        let expected = try await fleet.gateway.generate(Self.short).image

        let first = await Self.begin(at: fleet.gateway)
        let busy = try await Self.busyStages(of: fleet.gateway)
        #expect(busy.count == 1)
        for _ in 1...2 {
            let image = try await second.generate(Self.short)
            #expect(image.image == expected)
            #expect(Self.stage(of: image).map(busy.contains) == false)
        }
        let other = await Self.begin(at: fleet.gateway)
        #expect(try await Self.busyStages(of: fleet.gateway) == ["0", "1"])
        let waiting = Task { try await second.generate(Self.short) }
        while try await Self.busyStages(of: second).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        for call in [first, other] {
            call.cancel()
            _ = await call.result
        }
        #expect(try await waiting.value.image == expected)

        for gateway in [fleet.gateway, second] {
            let status = try await gateway.status()
            #expect(status.retries == 0 && status.stages.allSatisfy { $0.health == .serving && $0.restarts == 0 })
        }
        await connection.close()
        _ = await program.child.stop(grace: .seconds(10))
        await fleet.stop()
    }
}
