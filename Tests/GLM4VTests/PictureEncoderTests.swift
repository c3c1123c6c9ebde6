import Checkpoint
import Domain
import Foundation
import GLM4V
import Imaging
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// Images to rows.
@Suite struct PictureEncoderTests {
    @Test("an image of any size becomes a row for each cell of the size that its header tells", arguments: Fixture.answerCheckpoints)
    func sizes(checkpoint: String) throws {
        let encoder = try PictureEncoder(model: Fixture.model(checkpoint), device: CPUDevice(threads: 2))
        for (height, width) in [(1, 1), (1, 200), (70, 113), (40, 40), (300, 20)] {
            let told = try encoder.processor.sizeRule.size(height: height, width: width, field: "image")
            let rows = try encode(encoder, Self.image(height, width))
            #expect(rows.grid == told.grid && rows.columns == encoder.tower.configuration.outputSize && rows.element == .f32)
        }
        let bounded = try encode(encoder, Self.image(200, 300), maxPixels: 4000)
        #expect(bounded.grid.count * encoder.processor.sizeRule.cellSide * encoder.processor.sizeRule.cellSide <= 4000)
    }

    @Test("rows in bf16 are those in f32, rounded", arguments: Fixture.answerCheckpoints)
    func rounded(checkpoint: String) throws {
        let encoder = try PictureEncoder(model: Fixture.model(checkpoint), device: CPUDevice(threads: 2))
        let image = Self.image(50, 70)
        let exact = try encode(encoder, image).bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        let rounded = try encode(encoder, image, element: .bf16).bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
        #expect(rounded.count == exact.count)
        for (half, float) in zip(rounded, exact) {
            // Half a unit of the eighth bit.
            #expect(abs(Float(bitPattern: UInt32(half) << 16) - float) <= float.magnitude / 256)
        }
    }

    @Test("an image has the same rows whatever was encoded before", arguments: Fixture.answerCheckpoints)
    func repeatable(checkpoint: String) throws {
        let encoder = try PictureEncoder(model: Fixture.model(checkpoint), device: CPUDevice(threads: 2))
        let first = try encode(encoder, Self.image(50, 70))
        _ = try encode(encoder, Self.image(90, 30))
        #expect(try encode(encoder, Self.image(50, 70)) == first)
    }

    @Test("an image that can't be resized is refused by its field; work that nobody wants any more ends between two blocks")
    func refused() throws {
        let encoder = try PictureEncoder(model: Fixture.model("tiny-answer-f32"), device: CPUDevice(threads: 1))
        let error = #expect(throws: RequestError.self) { try encode(encoder, Self.image(1, 201), field: "messages[1].parts[0]") }
        #expect(error.map { "\($0)".hasPrefix("messages[1].parts[0] has 201 × 1 pixels") } == true)
        var calls = 0
        #expect(throws: CancellationError.self) {
            _ = try encoder.encode(Self.image(50, 70), field: "image", element: .f32) {
                calls += 1
                if calls == 2 { throw CancellationError() }
            }
        }
        #expect(calls == 2)
    }

    @Test("a tower maps and copies just its weights, and takes what its footprint says", arguments: Fixture.answerCheckpoints)
    func footprint(checkpoint: String) throws {
        let device = MeteredDevice(CPUDevice(threads: 2))
        let folder = try Fixture.model(checkpoint)
        let encoder = try PictureEncoder(model: folder, device: device)
        let weights = try CheckpointWeights(folder).stage(.vision)
        #expect(device.memory.mapped == weights.mappedBytes && device.memory.live == weights.deviceCopyBytes)
        let footprint = GLM4VVisionFootprint(encoder.tower.configuration)
        for (height, width) in [(40, 40), (70, 113), (1, 150)] {
            device.memory.resetPeak()
            let before = device.memory.live
            let rows = try encode(encoder, Self.image(height, width))
            #expect(device.memory.peak - before == footprint.encoding(cells: rows.grid.count))
            #expect(device.memory.live == before)
        }
    }

    @Test(
        "a checkpoint that is not the tower's is refused by file and key",
        arguments: [
            ("config.json", #""patch_size": 14"#, #""patch_size": 12"#, "vision_config.patch_size 12"),
            ("preprocessor_config.json", #""merge_size": 2"#, #""merge_size": 1"#, "preprocessor_config.json: merge_size is 1"),
            ("config.json", #""image_size": 84"#, #""image_size": 98"#, "model.visual.embeddings.position_embedding.weight"),
            ("config.json", #""intermediate_size": 90"#, #""intermediate_size": 91"#, "model.visual.merger.gate_proj.weight"),
            ("config.json", #""depth": 2"#, #""depth": 1"#, "model.visual.blocks.1."),
            ("config.json", #""depth": 2"#, #""depth": 0"#, "vision_config.depth: 0 is outside"),
            (
                "config.json", #""hidden_act": "silu",\#n    "rms_norm_eps": 1e-05,\#n    "attention_dropout""#,
                #""hidden_act": "gelu", "attention_dropout""#, "vision_config.hidden_act: gelu"
            ),
        ])
    func loading(file: String, from: String, to: String, named: String) throws {
        try Fixture.withCopy(of: "tiny-answer-f32") { copy in
            let url = copy.appending(path: file)
            let text = try String(contentsOf: url, encoding: .utf8)
            try #require(text.contains(from))
            try text.replacingOccurrences(of: from, with: to).write(to: url, atomically: true, encoding: .utf8)
            do {
                _ = try PictureEncoder(model: ModelFolder(copy), device: CPUDevice(threads: 1))
                Issue.record("loaded")
            } catch {
                #expect("\(error)".contains(named), "\(error)")
            }
        }
    }

    private func encode(
        _ encoder: PictureEncoder, _ image: RGBImage, field: String = "image", element: PictureRows.Element = .f32, maxPixels: Int? = nil
    ) throws -> PictureRows {
        try encoder.encode(image, field: field, element: element, maxPixels: maxPixels) {}
    }

    private static func image(_ height: Int, _ width: Int) -> RGBImage {
        RGBImage(width: width, height: height, pixels: (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0 &* 7 + $0 / 256) })
    }
}
