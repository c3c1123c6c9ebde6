import Domain
import Foundation
import Processes
import Testing
import Wire

/// A running gateway and its stages.
@Suite(.timeLimit(.minutes(2)), .serialized) struct FleetTests {
    /// Long enough to be met at work.
    private static let long = GenerateImageRequest(prompt: "a cat", parameters: ImageOptions(height: 1024, width: 1024, steps: 200, seed: 1))

    @Test("every bad request gives its status and message, and the fleet serves the next")
    func badRequests() async throws {
        let fleet = try await RunningFleet.start()
        let picture = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Binaries.image("rgb.png"))))
        // The header stays whole, what follows does not.
        let truncated = Array(picture.prefix(picture.count / 2))
        var bomb = picture
        bomb.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
        let cases: [(GenerateImageRequest, String)] = [
            (GenerateImageRequest(prompt: String(repeating: "long ", count: 10_000)), "prompt has 50000 bytes, the limit is 32768"),
            (GenerateImageRequest(prompt: ""), "prompt is empty"),
            (GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 100, width: 64)), "height 100 is not a multiple of 32 pixels"),
            (GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 8192)), "width 8192 is outside 32 through 4096 pixels"),
            (GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 0)), "steps 0 is outside 1 through 200"),
            (
                GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, guidanceScale: .nan)),
                "guidance_scale nan is outside"
            ),
            (GenerateImageRequest(prompt: "x", images: [truncated], parameters: ImageOptions(height: 64, width: 64)), "images[0]: PNG: "),
            (GenerateImageRequest(prompt: "x", images: [bomb], parameters: ImageOptions(height: 64, width: 64)), "images[0]: "),
            (GenerateImageRequest(prompt: "x", images: [[]], parameters: ImageOptions(height: 64, width: 64)), "images[0]: an image of 0 bytes"),
        ]
        let first = try await fleet.picture()
        for (request, message) in cases {
            let refusal = await #expect(throws: CallError.self) { try await fleet.gateway.generate(request) }
            #expect(refusal?.status == .invalidArgument && refusal?.message.hasPrefix(message) == true, "\(refusal as Any)")
        }
        #expect(try await fleet.picture().image == first.image)
        await fleet.stop()
        #expect(fleet.scratch.contents == ["run"])
    }

    @Test("a request over the message limit is RESOURCE_EXHAUSTED with the numbers, and the next is served")
    func messageLimit() async throws {
        let fleet = try await RunningFleet.start("text,diffusion")
        let huge = GenerateImageRequest(prompt: "x", images: Array(repeating: [UInt8](repeating: 0, count: 60 << 20), count: 5))
        let refusal = await #expect(throws: CallError.self) { try await fleet.gateway.generate(huge) }
        #expect(refusal?.status == .resourceExhausted && refusal?.message.contains("at most 268435456") == true, "\(refusal as Any)")
        _ = try await fleet.picture()
        await fleet.stop()
    }

    @Test("a client that is killed midway leaves idle stages behind")
    func killedClient() async throws {
        let fleet = try await RunningFleet.start("text,diffusion")
        let arguments = ["generate", "x", "-o", fleet.scratch.file("a.png"), "--size", "1024x1024", "--steps", "200", "--gateway", fleet.address]
        let client = try Program("glm", arguments, in: fleet.scratch)
        try await fleet.waitForStages { $0.contains { ($0.description?.running ?? 0) > 0 } }
        client.child.send(SIGKILL)
        try await fleet.waitForStages { $0.allSatisfy { $0.description?.running == 0 && $0.description?.queued == 0 } }
        _ = try await fleet.picture()
        await fleet.stop()
    }

    @Test("a deadline is kept, and the stages are idle after it")
    func deadline() async throws {
        let fleet = try await RunningFleet.start("text,diffusion")
        let refusal = await #expect(throws: CallError.self) {
            try await fleet.gateway.generate(Self.long, CallSettings(timeout: .milliseconds(200)))
        }
        #expect(refusal?.status == .deadlineExceeded)
        try await fleet.waitForStages { $0.allSatisfy { $0.description?.running == 0 } }
        await fleet.stop()
    }

    @Test("a stage that gets SIGTERM leaves: its socket is gone, it exits 0, requests are UNAVAILABLE with what to start")
    func drain() async throws {
        let fleet = try await RunningFleet.start("text")
        let stage = try Program(
            "glm-diffusion", ["--run-directory", fleet.folder, "--model", Binaries.model, "--threads", "1", "--exit-with-parent"], in: fleet.scratch)
        _ = try await stage.output { $0.hasPrefix("ready ") }
        try await fleet.waitForStages { $0.count { $0.health == .serving } == 2 }
        // Work in flight is finished first.
        let last = Task {
            try await fleet.gateway.generate(GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 256, width: 256, steps: 20, seed: 1)))
        }
        try await fleet.waitForStages { $0.contains { $0.description?.kind == "diffusion" && $0.description?.running == 1 } }
        stage.child.send(SIGTERM)
        #expect(try await last.value.parameters.height == 256)
        #expect(try await stage.result().exit == .code(0))
        #expect(!FileManager.default.fileExists(atPath: fleet.folder + "/diffusion-0.sock"))
        try await fleet.waitForStages { $0.count == 1 }
        await #expect(throws: CallError(.unavailable, "no diffusion stage is running; start glm-diffusion with --run-directory \(fleet.folder)")) {
            try await fleet.picture()
        }
        await fleet.stop()
    }

    @Test("SIGTERM ends gateway and stages with exit 0, and their sockets are gone")
    func sigterm() async throws {
        let fleet = try await RunningFleet.start()
        #expect(await fleet.program.child.stop(grace: .seconds(10)) == .code(0))
        #expect(Program.running(in: fleet.scratch).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fleet.folder) == [])
    }

    @Test("glm status lists the processes")
    func status() async throws {
        let fleet = try await RunningFleet.start("text")
        let result = try await Program.run("glm", ["status", "--gateway", fleet.address], in: fleet.scratch)
        #expect(result.exit == .code(0))
        #expect(result.output.contains { $0.hasPrefix("text-0") && $0.contains("serving") && $0.contains("tiny-f32") })
        await fleet.stop()
        #expect(try await Program.run("glm", ["status", "--gateway", fleet.address], in: fleet.scratch).exit == .code(1))
        let refused = try await Program.run(
            "glm", ["generate", "x", "-o", fleet.scratch.file("a.png"), "--gateway", fleet.address], in: fleet.scratch)
        #expect(refused.exit == .code(1) && refused.error.hasPrefix("no gateway answers at \(fleet.address)"))
    }
}
