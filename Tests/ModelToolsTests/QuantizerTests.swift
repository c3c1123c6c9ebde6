import Checkpoint
import Domain
import Foundation
import GLM4V
import GLMImage
import ModelConfiguration
import ModelFixtures
import ModelTools
import Tensor
import TensorCPU
import TestSupport
import Testing

/// `glm quantize`: what it writes loads, holds and is counted; what it refuses leaves nothing.
@Suite struct QuantizerTests {
    private static let answerTiny = "../../Sources/GLMTiny/glm-tiny-v"
    private static let all = Fixture.checkpoints + [Fixture.glmTiny] + Fixture.answerCheckpoints + [answerTiny]

    /// Of a fixture, in a folder of its own.
    private func quantized<Result>(_ name: String, _ body: (ModelFolder, CheckpointQuantizer.Summary) throws -> Result) throws -> Result {
        try withFolder { folder in
            let output = folder.appending(path: "model", directoryHint: .isDirectory)
            let summary = try CheckpointQuantizer(model: Fixture.model(name), output: output).run()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model"])
            return try body(ModelFolder(output), summary)
        }
    }

    private static func weight(_ name: String, in model: ModelFolder, _ part: String) throws -> TensorEntry {
        try #require(try model.weights(part).entries.map(\.tensor).first { $0.name == name })
    }

    @Test("every checkpoint becomes one that loads, with the weights of its products in int8 and all others as they were", arguments: all)
    func loads(name: String) throws {
        let source = try Fixture.model(name)
        try quantized(name) { model, summary in
            let device = CPUDevice(threads: 2)
            switch model.pipeline {
            case .image:
                _ = try VisionEncoder(model: model, device: device)
                _ = try TextGenerator(model: model, device: device)
                _ = try ImageRenderer(model: model, devices: DeviceGroup(device))
            case .answer:
                _ = try PictureEncoder(model: model, device: device)
                _ = try AnswerGenerator(model: model, device: device)
            }
            var count = 0
            for part in CheckpointPart.parts(of: model.pipeline) {
                let before = try source.weights(part.rawValue).entries.map(\.tensor), after = try model.weights(part.rawValue).entries.map(\.tensor)
                let types = Dictionary(uniqueKeysWithValues: after.map { ($0.name, $0.type) })
                for tensor in before { #expect(types[tensor.name] == (part.isQuantizable(tensor) ? "I8" : tensor.type), "\(tensor.name)") }
                count += before.count(where: part.isQuantizable)
            }
            #expect(count == summary.quantizedTensors && count > 0)
            for kind in model.pipeline.stageKinds { #expect(try model.fingerprint(kind) != source.fingerprint(kind)) }
        }
    }

    @Test("norms, embeddings, heads, modulation, projectors and the parts without products stay as they are")
    func rule() throws {
        try quantized(Fixture.glmTiny) { model, _ in
            for name in ["lm_head.weight", "model.language_model.embed_tokens.weight", "model.visual.patch_embed.proj.weight"] {
                #expect(try Self.weight(name, in: model, "vision_language_encoder").type == "BF16", "\(name)")
            }
            for name in [
                "proj_out.weight", "transformer_blocks.0.norm1.linear.weight", "image_projector.proj.weight", "prior_projector.net.2.weight",
            ] {
                #expect(try Self.weight(name, in: model, "transformer").type == "BF16", "\(name)")
            }
            #expect(try Self.weight("transformer_blocks.0.attn1.to_out.0.weight", in: model, "transformer").type == "I8")
            for folder in ["vae", "text_encoder", "processor", "scheduler", "tokenizer"] {
                let (own, source) = (model.component(folder), try Fixture.model(Fixture.glmTiny).component(folder))
                for file in try FileManager.default.contentsOfDirectory(atPath: source.path) {
                    #expect(try Data(contentsOf: own.appending(path: file)) == Data(contentsOf: source.appending(path: file)), "\(folder)/\(file)")
                }
            }
        }
    }

    @Test("the model with int8 weights holds by their tolerance", arguments: Fixture.checkpoints + [Fixture.glmTiny], Precision.allCases)
    func verifies(name: String, precision: Precision) throws {
        for task in ["text-to-image", "image-to-image"] { try verify(name, task, precision) }
    }

    @Test("the question model with int8 weights holds by their tolerance", arguments: Fixture.answerCheckpoints)
    func verifiesAnswers(name: String) throws {
        for task in ["image", "turns"] { try verify(name, task, .f32) }
    }

    private func verify(_ name: String, _ task: String, _ precision: Precision) throws {
        try quantized(name) { model, _ in
            let verdicts = try Verifier(
                model: model, reference: Fixture.reference(name, task), device: CPUDevice(threads: 2, precision: precision), precision: precision
            ).run()
            for verdict in verdicts where verdict.outcome == .fails {
                Issue.record("\(task) \(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
            }
            // The limit is for what int8 changes: something must have.
            let changed = verdicts.filter { $0.limit == 0.12 }.compactMap(\.error)
            #expect(changed.contains { $0 > 1e-3 })
        }
    }

    @Test("what a stage maps and copies of int8 weights is what is counted of them", arguments: ["tiny-bf16-sharded", "tiny-answer-f32"])
    func footprint(name: String) throws {
        try quantized(name) { model, _ in
            let weights = try CheckpointWeights(model), plain = try CheckpointWeights(Fixture.model(name))
            let device = MeteredDevice(CPUDevice(threads: 1))
            let generator: any AnyObject =
                model.pipeline == .image ? try TextGenerator(model: model, device: device) : try AnswerGenerator(model: model, device: device)
            withExtendedLifetime(generator) {
                #expect(device.memory.mapped == weights.stage(.text).mappedBytes)
                #expect(device.memory.live == weights.stage(.text).deviceCopyBytes)
            }
            #expect(weights.stage(.text).mappedBytes < plain.stage(.text).mappedBytes)
        }
    }

    @Test("a folder that is there, one inside the model, a model that is quantised, and what is no model are refused, and nothing is made")
    func refusals() throws {
        let model = try Fixture.model("tiny-f32")
        try withFolder { folder in
            let output = folder.appending(path: "out")
            try Data("mine".utf8).write(to: output)
            refused("there already") { try CheckpointQuantizer(model: model, output: output).run() }
            #expect(try Data(contentsOf: output) == Data("mine".utf8))
            try Fixture.withCopy(of: "tiny-f32") { copy in
                let inside = copy.appending(path: "vae/out")
                refused("inside the model") { try CheckpointQuantizer(model: ModelFolder(copy), output: inside).run() }
            }
            let link = folder.appending(path: "link")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: model.url)
            refused("inside the model") { try CheckpointQuantizer(model: model, output: link.appending(path: "out")).run() }
            let left = folder.appending(path: "other.partial", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: left, withIntermediateDirectories: false)
            refused("other.partial") { try CheckpointQuantizer(model: model, output: folder.appending(path: "other")).run() }
        }
        try quantized("tiny-f32") { model, _ in
            let again = model.url.deletingLastPathComponent().appending(path: "again")
            refused("is quantised already") { try CheckpointQuantizer(model: model, output: again).run() }
            #expect(!FileManager.default.fileExists(atPath: again.path))
        }
    }

    @Test("a weight that is no number is refused by its name, and work that is cancelled anywhere leaves nothing")
    func failures() throws {
        try Fixture.withCopy(of: "tiny-f32") { copy in
            let file = copy.appending(path: "transformer/diffusion_pytorch_model.safetensors")
            let entry = try Self.weight("transformer_blocks.0.attn1.to_q.weight", in: ModelFolder(copy), "transformer")
            try Self.overwrite(entry, of: file)
            try withFolder { folder in
                let output = folder.appending(path: "out")
                refused("row 0 of transformer_blocks.0.attn1.to_q.weight") {
                    try CheckpointQuantizer(model: ModelFolder(copy), output: output).run()
                }
                let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                #expect(left.isEmpty)
            }
        }
        let model = try Fixture.model("tiny-f32")
        var checks = 0
        try withFolder { folder in
            _ = try CheckpointQuantizer(model: model, output: folder.appending(path: "out"), checkCancellation: { checks += 1 }).run()
        }
        for last in stride(from: 0, to: checks, by: max(1, checks / 7)) {
            try withFolder { folder in
                var count = 0
                let quantizer = try CheckpointQuantizer(
                    model: model, output: folder.appending(path: "out"),
                    checkCancellation: {
                        if count == last { throw CancellationError() }
                        count += 1
                    })
                #expect(throws: CancellationError.self) { _ = try quantizer.run() }
                let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                #expect(left.isEmpty)
            }
        }
    }

    @Test("progress goes to the end twice: written, then read back")
    func progress() throws {
        var phases: [CheckpointQuantizer.Progress] = []
        try withFolder { folder in
            _ = try CheckpointQuantizer(model: Fixture.model("tiny-f32"), output: folder.appending(path: "out"), progress: { phases.append($0) })
                .run()
        }
        for phase in [CheckpointQuantizer.Progress.Phase.quantize, .check] {
            let steps = phases.filter { $0.phase == phase }
            #expect(steps.first?.done == 0 && steps.last?.done == steps.last?.total && steps.count > 10)
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.done <= $1.done })
        }
    }

    private func refused(_ words: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> some Any) {
        do {
            _ = try body()
            Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        } catch {
            #expect("\(error)".contains(words), sourceLocation: sourceLocation)
        }
    }

    /// Puts what is no number in place of a tensor's first element, in a file of f32.
    private static func overwrite(_ tensor: TensorEntry, of file: URL) throws {
        var bytes = try Data(contentsOf: file)
        let header = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
        let entries = try JSONSerialization.jsonObject(with: bytes[8..<8 + header]) as? [String: Any]
        let range = try #require((entries?[tensor.name] as? [String: Any])?["data_offsets"] as? [Int])
        bytes.replaceSubrange((8 + header + range[0])..<(8 + header + range[0] + 4), with: [0xFF, 0xFF, 0xFF, 0xFF])
        try bytes.write(to: file)
    }
}
