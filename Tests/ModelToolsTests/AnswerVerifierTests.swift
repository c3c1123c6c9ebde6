import Checkpoint
import Domain
import Foundation
import ModelFixtures
import ModelTools
import Tensor
import TensorCPU
import Testing

/// Every part of a question model against the reference implementation's files.
@Suite struct AnswerVerifierTests {
    static let pictureRows = [
        "processor.pixel_values", "processor.image_grid_thw", "vision.embeddings", "vision.tower", "vision.downsampled", "vision.features",
    ]
    static let textRows = [
        "prompt.text", "processor.input_ids", "text.position_ids", "text.rope_delta", "text.hidden_first", "text.hidden_last", "text.last_logits",
        "text.greedy_ids", "text.step_logits",
    ]

    @Test("every part holds on every fixture in f32", arguments: Fixture.answerCheckpoints, ["image", "turns"])
    func holds(checkpoint: String, task: String) throws {
        let verdicts = try verify(checkpoint, task, .f32)
        for verdict in verdicts where verdict.outcome == .fails {
            Issue.record("\(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
        }
        // Ours differ by the order of sums only.
        for verdict in verdicts where verdict.limit == 1e-3 || verdict.limit == 1e-4 { #expect((verdict.error ?? .nan) < 1e-5, "\(verdict.name)") }
        // PIL's pixels to the last bit.
        for verdict in verdicts where verdict.name == "processor.pixel_values" && verdict.outcome == .holds { #expect(verdict.error == 0) }
        let withoutPictures = checkpoint == "tiny-answer-f32" && task == "turns"
        #expect(Set(verdicts.filter { $0.outcome == .holds }.map(\.name)) == Set(Self.textRows + (withoutPictures ? [] : Self.pictureRows)))
        #expect(Set(verdicts.filter { $0.outcome == .absent }.map(\.name)) == Set(withoutPictures ? Self.pictureRows : []))
    }

    @Test("every part holds in bf16 by its wider tolerance", arguments: Fixture.answerCheckpoints, ["image", "turns"])
    func holdsReduced(checkpoint: String, task: String) throws {
        for verdict in try verify(checkpoint, task, .bf16) where verdict.outcome == .fails {
            Issue.record("\(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
        }
    }

    @Test("kernels for every processor compute the same model", arguments: KernelSet.allCases.filter(\.isAvailable))
    func kernels(kernels: KernelSet) throws {
        let verifier = try Verifier(
            model: Fixture.model("tiny-answer-bf16-sharded"), reference: Fixture.reference("tiny-answer-bf16-sharded", "turns"),
            device: CPUDevice(threads: 2, kernels: kernels), precision: .f32)
        #expect(verifier.run().filter { $0.outcome == .fails }.map(\.name).isEmpty)
    }

    @Test(
        "a change of the checkpoint fails the parts that depend on it, from the first on",
        arguments: [
            ("model.visual.post_conv_layernorm.weight", ["vision.embeddings", "vision.tower", "vision.downsampled", "vision.features"]),
            ("model.visual.embeddings.position_embedding.weight", ["vision.embeddings", "vision.tower", "vision.downsampled", "vision.features"]),
            ("model.visual.post_layernorm.weight", ["vision.tower", "vision.downsampled", "vision.features"]),
            ("model.visual.downsample.bias", ["vision.downsampled", "vision.features"]),
            ("model.visual.merger.post_projection_norm.bias", ["vision.features"]),
            (
                "model.language_model.layers.0.self_attn.q_proj.bias",
                ["text.hidden_first", "text.hidden_last", "text.last_logits", "text.greedy_ids", "text.step_logits"]
            ),
            ("model.language_model.norm.weight", ["text.last_logits", "text.greedy_ids", "text.step_logits"]),
        ])
    func detects(tensor: String, rows: [String]) throws {
        try Fixture.withCopy(of: "tiny-answer-f32") { copy in
            try Self.negate(tensor, copy.appending(path: "model.safetensors"))
            let verifier = try Verifier(
                model: ModelFolder(copy), reference: Fixture.reference("tiny-answer-f32", "image"), device: CPUDevice(threads: 1), precision: .f32)
            #expect(verifier.run().filter { $0.outcome == .fails }.map(\.name) == rows)
        }
    }

    @Test(
        "a change of the small files fails what is made by them",
        arguments: [
            ("config.json", #""rope_theta": 10000.0"#, #""rope_theta": 20000.0"#, "text.hidden_first"),
            ("config.json", #""partial_rotary_factor": 0.5"#, #""partial_rotary_factor": 0.51"#, "text.hidden_first"),
            ("preprocessor_config.json", #""longest_edge": 100000"#, #""longest_edge": 8000"#, "processor.image_grid_thw"),
            ("preprocessor_config.json", "0.48145466", "0.46145466", "processor.pixel_values"),
        ])
    func detects(file: String, from: String, to: String, row: String) throws {
        try Fixture.withCopy(of: "tiny-answer-f32") { copy in
            let url = copy.appending(path: file)
            let text = try String(contentsOf: url, encoding: .utf8)
            try #require(text.contains(from))
            try text.replacingOccurrences(of: from, with: to).write(to: url, atomically: true, encoding: .utf8)
            let verifier = try Verifier(
                model: ModelFolder(copy), reference: Fixture.reference("tiny-answer-f32", "image"), device: CPUDevice(threads: 1), precision: .f32)
            let failed = verifier.run().filter { $0.outcome == .fails }.map(\.name)
            // A rotary factor that rounds to the same columns is the same model.
            #expect(failed.contains(row) == !to.contains("0.51"), "\(failed)")
        }
    }

    @Test("a reference of another model fails with words and never traps")
    func anotherModel() throws {
        for (checkpoint, other) in [("tiny-answer-f32", "tiny-answer-bf16-sharded"), ("tiny-answer-bf16-sharded", "tiny-answer-f32")] {
            for task in ["image", "turns"] {
                let verdicts = try Verifier(
                    model: Fixture.model(checkpoint), reference: Fixture.reference(other, task), device: CPUDevice(threads: 2), precision: .f32
                ).run()
                #expect(verdicts.count { $0.outcome == .fails } > 5)
            }
        }
    }

    @Test("a reference of a task that the model is not for is refused by its name")
    func anotherTask() throws {
        func message(_ checkpoint: String, _ reference: URL) -> String {
            do {
                _ = try Verifier(model: Fixture.model(checkpoint), reference: reference, device: CPUDevice(threads: 1), precision: .f32)
                return ""
            } catch { return "\(error)" }
        }
        #expect(message("tiny-f32", Fixture.reference("tiny-answer-f32", "image")).contains("visual-question"))
        #expect(message("tiny-answer-f32", Fixture.reference("tiny-f32", "text-to-image")).contains("text-to-image"))
    }

    private func verify(_ checkpoint: String, _ task: String, _ precision: Precision) throws -> [Verdict] {
        try Verifier(
            model: Fixture.model(checkpoint), reference: Fixture.reference(checkpoint, task), device: CPUDevice(threads: 2, precision: precision),
            precision: precision
        ).run()
    }

    /// Turns the signs of a tensor in a file of f32.
    private static func negate(_ tensor: String, _ file: URL) throws {
        var bytes = try Data(contentsOf: file)
        let header = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
        let entries = try JSONSerialization.jsonObject(with: bytes[8..<8 + header]) as? [String: Any]
        let entry = try #require(entries?[tensor] as? [String: Any])
        let range = try #require(entry["data_offsets"] as? [Int])
        for index in stride(from: 8 + header + range[0] + 3, to: 8 + header + range[1], by: 4) { bytes[index] ^= 0x80 }
        try bytes.write(to: file)
    }
}
