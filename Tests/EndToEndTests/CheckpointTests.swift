import Foundation
import Processes
import Testing

/// Checkpoints that are broken, and one that is whole.
@Suite(.timeLimit(.minutes(2)), .serialized) struct CheckpointTests {
    /// A copy of the fixture with one file changed.
    private func broken(in scratch: Scratch, _ file: String, _ change: (Data) throws -> Data) throws -> String {
        let copy = scratch.file("model")
        try FileManager.default.copyItem(atPath: Binaries.model, toPath: copy)
        let url = URL(fileURLWithPath: "\(copy)/\(file)")
        try change(Data(contentsOf: url)).write(to: url)
        return copy
    }

    @Test(
        "a truncated shard, a header that lies and an unknown class end generate and inspect with exit 1, file and reason",
        arguments: ["truncated", "lying", "class"])
    func broken(_ fault: String) async throws {
        let scratch = try Scratch()
        let weights = "transformer/diffusion_pytorch_model.safetensors"
        let file = fault == "class" ? "model_index.json" : weights
        let model = try broken(in: scratch, file) { data in
            switch fault {
            case "truncated": return data.prefix(data.count - 1000)
            case "lying": return Data([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]) + data.dropFirst(8)
            default:
                let text = String(decoding: data, as: UTF8.self)
                return Data(text.replacingOccurrences(of: "GlmImageTransformer2DModel", with: "SomethingElse").utf8)
            }
        }
        for arguments in [["inspect", model], ["generate", "x", "-o", scratch.file("a.png"), "--model", model, "--threads", "1"]] {
            let result = try await Program.run("glm", arguments, in: scratch)
            #expect(result.exit == .code(1))
            #expect(result.error.contains(file), "\(result.errors)")
            if fault == "class" { #expect(result.error.contains("SomethingElse")) }
        }
        let stage = try await Program.run("glm-diffusion", ["--run-directory", scratch.file("run"), "--model", model], in: scratch)
        #expect(stage.exit == .code(1) && stage.error.contains(file))
        #expect(scratch.contents == ["model", "run"])
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("inspect tells what a whole checkpoint is, as JSON too")
    func inspect() async throws {
        let scratch = try Scratch()
        let text = try await Program.run("glm", ["inspect", Binaries.model], in: scratch)
        #expect(text.exit == .code(0) && text.output.last == "every tensor is there, has its shape, is used, and holds finite numbers")
        let json = try await Program.run("glm", ["inspect", Binaries.model, "--json"], in: scratch)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.joined(separator: "\n").utf8)) as? [String: Any])
        #expect(report["default_side"] as? Int == 1024)
        #expect((report["parts"] as? [[String: Any]])?.compactMap { $0["class"] as? String }.contains("GlmImageTransformer2DModel") == true)
    }

    @Test("quantize writes a checkpoint that inspect and plan know, and never writes over one")
    func quantize() async throws {
        let scratch = try Scratch()
        let made = try await Program.run("glm", ["quantize", Binaries.model, scratch.file("small"), "--weights", "int8"], in: scratch)
        #expect(made.exit == .code(0) && made.output.last?.contains("weights are int8 now") == true, "\(made.errors)")
        #expect(made.errors.contains { $0.hasPrefix("check: done") }, "\(made.errors)")
        #expect(scratch.contents == ["small"])
        let json = try await Program.run("glm", ["inspect", scratch.file("small"), "--json"], in: scratch)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.joined(separator: "\n").utf8)) as? [String: Any])
        let parts = try #require(report["parts"] as? [[String: Any]])
        let quantized = parts.filter { ($0["quantization"] as? String)?.hasPrefix("int8") == true }.compactMap { $0["name"] as? String }
        #expect(quantized == ["vision_language_encoder", "transformer"])
        let plan = try await Program.run("glm", ["plan", "--model", scratch.file("small")], in: scratch)
        #expect(plan.exit == .code(0), "\(plan.errors)")
        let again = try await Program.run("glm", ["quantize", Binaries.model, scratch.file("small"), "--weights", "int8"], in: scratch)
        #expect(again.exit == .code(1) && again.error.contains("is there already"))
        let unknown = try await Program.run("glm", ["quantize", Binaries.model, scratch.file("other"), "--weights", "int3"], in: scratch)
        #expect(unknown.exit == .code(2))
        #expect(scratch.contents == ["small"])
    }

    @Test("inspect refuses a checkpoint that holds what is not a number, and names the tensor")
    func notANumber() async throws {
        let scratch = try Scratch()
        // A file's last bytes are a tensor's last number.
        let model = try broken(in: scratch, "vae/diffusion_pytorch_model.safetensors") { $0.dropLast(4) + Data([0xFF, 0xFF, 0xFF, 0xFF]) }
        let result = try await Program.run("glm", ["inspect", model], in: scratch)
        #expect(result.exit == .code(1) && result.error.contains("infinite or not numbers: 1 of "), "\(result.errors)")
        #expect(result.error.contains("diffusion_pytorch_model.safetensors"))
    }

    @Test("verify holds on the fixture, and fails with exit 1 where the reference differs")
    func verify() async throws {
        let scratch = try Scratch()
        let holds = try await Program.run(
            "glm", ["verify", Binaries.model, Binaries.model + "-text-to-image.safetensors", "--threads", "1"], in: scratch)
        #expect(holds.exit == .code(0) && holds.output.last?.hasSuffix("rows hold") == true)
        // A file's last bytes are its smallest elements: the picture's.
        var reference = try Data(contentsOf: URL(fileURLWithPath: Binaries.model + "-text-to-image.safetensors"))
        reference.replaceSubrange((reference.count - 1000)..<reference.count, with: Data(count: 1000))
        try reference.write(to: URL(fileURLWithPath: scratch.file("reference.safetensors")))
        let fails = try await Program.run(
            "glm", ["verify", Binaries.model, scratch.file("reference.safetensors"), "--threads", "1", "--json"], in: scratch)
        #expect(fails.exit == .code(1))
        let report = try #require(try JSONSerialization.jsonObject(with: Data(fails.output.joined(separator: "\n").utf8)) as? [String: Any])
        #expect(report["holds"] as? Bool == false)
        let failing = (report["rows"] as? [[String: Any]])?.filter { $0["outcome"] as? String == "fails" }.compactMap { $0["name"] as? String }
        #expect(failing == ["pipeline.image"])
        let level = try await Program.run(
            "glm", ["verify", Binaries.model, scratch.file("reference.safetensors"), "--deterministic", "2"], in: scratch)
        #expect(level.exit == .code(2))
        #expect(level.error == "--deterministic 2 is for accelerators: on the CPU a row has the same bits always, alone and in a batch")
    }
}
