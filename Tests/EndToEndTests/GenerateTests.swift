import Domain
import Foundation
import Processes
import Imaging
import Testing

/// The client with a private fleet: the first command of a newcomer.
@Suite(.timeLimit(.minutes(2)), .serialized) struct GenerateTests {
    private static let small = ["--size", "64x96", "--steps", "2", "--seed", "5"]
    private static let own = ["--model", Binaries.model, "--threads", "1"]

    @Test("a prompt becomes a picture, and nothing else is left")
    func textToImage() async throws {
        let scratch = try Scratch()
        let result = try await Program.run("glm", ["generate", "a red \"A\"", "-o", scratch.file("a.png")] + Self.small + Self.own, in: scratch)
        #expect(result.exit == .code(0), "\(result.errors)")
        #expect(result.output.first?.contains("64x96, seed 5, 2 steps, guidance 1.5, model tiny-f32") == true)
        #expect(result.errors.contains { $0.hasPrefix("text: done") } && result.errors.contains { $0.hasPrefix("diffusion: done, 2 steps") })
        let picture = try RGBImage(decoding: [UInt8](scratch.bytes("a.png")))
        #expect(picture.width == 64 && picture.height == 96)
        #expect(scratch.contents == ["a.png"])
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("pictures and a prompt become a picture, as JPEG or WebP and told as JSON", arguments: ["b.jpg", "b.webp"])
    func imageToImage(file: String) async throws {
        let scratch = try Scratch()
        let sources = [Binaries.image("lossy.webp"), Binaries.image("orientation-6.jpg")]
        let result = try await Program.run(
            "glm", ["edit"] + sources + ["brighter", "-o", scratch.file(file), "--json"] + Self.small + Self.own, in: scratch)
        #expect(result.exit == .code(0), "\(result.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(result.output.joined(separator: "\n").utf8)) as? [String: Any])
        let image = try #require((report["images"] as? [[String: Any]])?.first)
        #expect(image["seed"] as? Int == 5 && image["width"] as? Int == 64 && image["model"] as? String == "tiny-f32")
        let written = try ImageHeader([UInt8](scratch.bytes(file)))
        #expect(written.height == 96 && written.format == (file == "b.jpg" ? .jpeg : .webp))
        #expect(scratch.contents == [file])
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("--preview leaves smaller images beside the picture where no terminal can show them, tells of them, and writes no escapes")
    func preview() async throws {
        let scratch = try Scratch()
        // What a terminal says of itself counts for nothing where there is none.
        let environment = ["KITTY_WINDOW_ID": "1", "TERM": "xterm-kitty"]
        let result = try await Program.run(
            "glm", ["generate", "x", "-o", scratch.file("a.jpg"), "--preview", "--size", "64x96", "--steps", "8", "--seed", "5"] + Self.own,
            in: scratch, environment: environment)
        #expect(result.exit == .code(0), "\(result.errors)")
        #expect(scratch.contents == ["a.jpg", "a.preview-1.jpg", "a.preview-2.jpg", "a.preview-3.jpg"])
        for index in 1...3 {
            let header = try ImageHeader([UInt8](scratch.bytes("a.preview-\(index).jpg")))
            #expect(header.width == 32 && header.height == 48 && header.format == .jpeg)
            #expect(result.errors.contains("preview \(index): \(scratch.file("a.preview-\(index).jpg"))"))
        }
        #expect(!(result.errors + result.output).contains { $0.contains("\u{1B}") })
        for (arguments, error) in [
            (["-o", "-"], "--preview: this terminal is not known to show images, and beside - there are no files; name a file"),
            (["-o", scratch.file("b.png"), "--json"], "--preview shows on the way what --json keeps silent about"),
            (["--detach"], "--preview shows what is made while this command waits; with --detach it does not"),
        ] {
            let refused = try await Program.run("glm", ["generate", "x", "--preview"] + arguments, in: scratch)
            #expect(refused.exit == .code(2) && refused.error == error, "\(refused.errors)")
        }
    }

    @Test("the same seed gives the same bytes, through a private fleet, a running gateway and standard output; -n counts seeds up")
    func deterministic() async throws {
        let fleet = try await RunningFleet.start()
        let scratch = fleet.scratch
        let gateway = ["--gateway", fleet.address]
        #expect(try await Program.run("glm", ["generate", "x", "-o", scratch.file("a.png")] + Self.small + Self.own, in: scratch).exit == .code(0))
        #expect(try await Program.run("glm", ["generate", "x", "-o", scratch.file("b.png")] + Self.small + gateway, in: scratch).exit == .code(0))
        #expect(try scratch.bytes("a.png") == scratch.bytes("b.png"))
        let found = ["GLM_RUN_DIRECTORY": fleet.folder]
        let several = ["generate", "x", "-o", scratch.file("c.png"), "--size", "64x96", "--steps", "2", "--seed", "4", "-n", "2"]
        #expect(try await Program.run("glm", several, in: scratch, environment: found).exit == .code(0))
        #expect(try scratch.bytes("c-2.png") == scratch.bytes("a.png"))
        #expect(try scratch.bytes("c-1.png") != scratch.bytes("a.png"))
        await fleet.stop()
        #expect(scratch.contents == ["a.png", "b.png", "c-1.png", "c-2.png", "run"])
    }

    @Test("wrong usage is exit 2; a refused request is exit 1 in one line; neither leaves anything")
    func refusals() async throws {
        let scratch = try Scratch()
        func run(_ arguments: [String]) async throws -> Program.Result { try await Program.run("glm", arguments, in: scratch) }
        let out = scratch.file("a.png")
        #expect(try await run(["generate", "x"]).exit == .code(2))
        #expect(
            try await run(["generate", "x", "-o", scratch.file("a.gif")]).error
                == "\(scratch.file("a.gif")) ends in none of .png, .jpg, .jpeg and .webp")
        #expect(try await run(["generate", "x", "-o", scratch.file("a.gif")]).exit == .code(2))
        #expect(
            try await run(["generate", "x", "-o", out, "--seed", "-1"]).error == "seed -1 is not a whole number from 0 through 18446744073709551615")
        #expect(try await run(["nonsense"]).exit == .code(2))
        for (arguments, error) in [
            (["x", "--steps", "0"], "steps 0 is outside 1 through 200"), ([" "], "prompt is empty; write what the picture shows"),
            ([String(repeating: "x", count: 32_769)], "prompt has 32769 bytes, the limit is 32768"),
            (["x", "--size", "100x64"], "width 100 is not a multiple of 32 pixels"),
            (["x", "--size", "4096x4096"], "width × height 4096 × 4096 is 16777216 pixels, the limit is 4194304"),
            (["x", "--guidance", "nan"], "guidance_scale nan is outside 0.0 through 20.0"), (["x", "-n", "0"], "-n 0 is outside 1 through 1000"),
            (["x", "--top-p", "2"], "top_p 2.0 is outside 0.001 through 1.0"),
        ] {
            let result = try await run(["generate", "-o", out] + arguments + Self.own)
            #expect(result.exit == .code(2) && result.error == error, "\(result.errors)")
        }
        let quality = try await run(["generate", "x", "-o", scratch.file("a.jpg"), "--jpeg-quality", "101"] + Self.own)
        #expect(quality.exit == .code(2) && quality.error == "jpeg_quality 101 is outside 1 through 100")
        #expect(try await run(["scale", "text", "0"]).exit == .code(2))
        for command in [["generate"], ["edit", "a.png"]] {
            let result = try await run(command + ["-5 degrees outside", "-o", out])
            #expect(
                result.exit == .code(2) && result.errors.contains { $0.hasSuffix("\(command[0]) ... -- '-5 degrees outside'") }, "\(result.errors)")
        }
        #expect(
            try await run(["generate", "x", "-o", out, "--jpeg-quality", "50"]).error == "--jpeg-quality is for a .jpg or .webp file; \(out) is a PNG"
        )
        let broken = Binaries.model + "/model_index.json"
        #expect(try await run(["edit", broken, "x", "-o", out] + Self.own).error == "\(broken): neither PNG, JPEG nor WebP by its first bytes")
        #expect(scratch.contents.isEmpty)
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("Ctrl-C ends command and fleet with exit 130, and nothing is left")
    func interrupted() async throws {
        let scratch = try Scratch()
        let program = try Program("glm", ["generate", "x", "-o", scratch.file("a.png")] + Self.long + Self.own, in: scratch)
        _ = try await program.error { $0.hasPrefix("text: started") }
        program.child.send(SIGINT)
        #expect(try await program.result().exit == .code(130))
        #expect(scratch.contents.isEmpty)
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("a client that is killed takes its fleet and its folder with it")
    func killed() async throws {
        let scratch = try Scratch()
        let program = try Program("glm", ["generate", "x", "-o", scratch.file("a.png")] + Self.long + Self.own, in: scratch)
        _ = try await program.error { $0.hasPrefix("text: started") }
        program.child.send(SIGKILL)
        #expect(try await program.result().exit == .signal(SIGKILL))
        try await Program.waitForNone(in: scratch)
        #expect(scratch.contents.isEmpty)
    }

    @Test("a stage that is killed is started again, and the picture is the same")
    func stageCrash() async throws {
        let scratch = try Scratch()
        let arguments = ["generate", "x", "--size", "256x256", "--steps", "20", "--seed", "5"] + Self.own
        #expect(try await Program.run("glm", arguments + ["-o", scratch.file("a.png")], in: scratch).exit == .code(0))
        let program = try Program("glm", arguments + ["-o", scratch.file("b.png")], in: scratch)
        _ = try await program.error { $0.hasPrefix("text: started") }
        kill(try #require(Program.running("glm-text", in: scratch).first), SIGKILL)
        #expect(try await program.result().exit == .code(0))
        #expect(try scratch.bytes("a.png") == scratch.bytes("b.png"))
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("a gateway that is killed fails the command with exit 1, and nothing is left")
    func gatewayCrash() async throws {
        let scratch = try Scratch()
        let program = try Program("glm", ["generate", "x", "-o", scratch.file("a.png")] + Self.long + Self.own, in: scratch)
        _ = try await program.error { $0.hasPrefix("text: started") }
        kill(try #require(Program.running("glm-gateway", in: scratch).first), SIGKILL)
        let result = try await program.result()
        #expect(result.exit == .code(1))
        #expect(result.error != "")
        #expect(scratch.contents.isEmpty)
        #expect(Program.running(in: scratch).isEmpty)
    }

    /// Long enough to be met at work.
    private static let long = ["--size", "1024x1024", "--steps", "200"]
}
