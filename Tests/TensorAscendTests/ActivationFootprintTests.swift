import Checkpoint
import Decoding
import Domain
import GLM4V
import GLMImage
import Imaging
import ModelConfiguration
import ModelFixtures
import Tensor
import Testing

extension OnDevice {
    /// What the models take of a card's memory beside their weights, metered, against what the planner counts. In bf16 most of it is two bytes an
    /// element, of a checkpoint in f32 four.
    @Suite struct ActivationFootprintTests {
        private static let checkpoints = ["tiny-f32", "tiny-bf16-sharded"]
        private static let variants = [Variant.f32, .bf16]

        private func activationBytes(_ weights: WeightCount, _ variant: Variant) -> Int {
            weights.activationBytes(variant == .f32 ? .f32 : .bf16)
        }

        private func peak(_ device: MeteredDevice, _ body: () throws -> Void) rethrows -> Int {
            device.memory.resetPeak()
            let before = device.memory.live
            try body()
            return device.memory.peak - before
        }

        private static func image(_ height: Int, _ width: Int) -> RGBImage {
            RGBImage(width: width, height: height, pixels: (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0) })
        }

        @Test(
            "a batch takes its pool, a page of zeros where attention reads whole ones, its workspace and what a long prompt collects",
            arguments: variants, checkpoints)
        func text(variant: Variant, checkpoint: String) throws {
            let folder = try Fixture.model(checkpoint)
            let device = MeteredDevice(try variant.device)
            let decoder = try TextGenerator(model: folder, device: device).decoder
            let footprint = TextFootprint(
                try ImageConfigurations(folder).text.shape, elementBytes: device.cacheType.byteCount,
                activationBytes: activationBytes(try CheckpointWeights(folder).stage(.text), variant))
            let pages = 12, tokens = 600
            let taken = try peak(device) {
                let batch = SequenceBatch(decoder, size: 3, cacheBytes: footprint.pool(pages: pages))
                let sequence = try #require(batch.open(SequencePositions(next: 0), capacity: tokens))
                for start in stride(from: 0, to: tokens, by: DecoderSizes.prefillChunk) {
                    let ids = (start..<min(start + DecoderSizes.prefillChunk, tokens)).map { Int32($0 % 100) }
                    try batch.extend(sequence, by: ids) {}
                }
                try device.synchronize()
            }
            let zeros = device.readsWholePages ? 1 : 0
            #expect(
                taken == footprint.pool(pages: pages + zeros) + footprint.batch(rows: 3, pages: pages) + footprint.collecting(promptTokens: tokens))
        }

        @Test("encoding a source image takes the tower's workspace or the quantizer's products", arguments: variants, checkpoints)
        func vision(variant: Variant, checkpoint: String) throws {
            let folder = try Fixture.model(checkpoint)
            let device = MeteredDevice(try variant.device)
            let encoder = try VisionEncoder(model: folder, device: device)
            let configurations = try ImageConfigurations(folder)
            let footprint = VisionFootprint(
                configurations.vision, configurations.quantizer,
                activationBytes: activationBytes(try CheckpointWeights(folder).stage(.vision), variant))
            var codes = 0
            let taken = try peak(device) { codes = try encoder.encode(Self.image(128, 128), checkCancellation: {}).codes.count }
            #expect(taken == footprint.encoding(patches: codes))
        }

        @Test("the tower of a question model takes what its footprint says", arguments: variants, ["tiny-answer-f32", "tiny-answer-bf16-sharded"])
        func picture(variant: Variant, checkpoint: String) throws {
            let folder = try Fixture.model(checkpoint)
            let device = MeteredDevice(try variant.device)
            let encoder = try PictureEncoder(model: folder, device: device)
            let footprint = GLM4VVisionFootprint(
                encoder.tower.configuration, activationBytes: activationBytes(try CheckpointWeights(folder).stage(.vision), variant))
            var cells = 0
            let taken = try peak(device) {
                cells = try encoder.encode(Self.image(70, 113), field: "image", element: .f32, checkCancellation: {}).grid.count
            }
            #expect(taken == footprint.encoding(cells: cells))
        }

        @Test(
            "denoising takes the memory of both branches of guidance, within the glyphs' embeddings of what is counted, and step caching what it keeps and compares",
            arguments: variants)
        func denoising(variant: Variant) throws {
            let folder = try Fixture.model(Fixture.glmTiny), weights = try CheckpointWeights(folder)
            let configurations = try ImageConfigurations(folder)
            let device = MeteredDevice(try variant.device)
            let renderer = try ImageRenderer(model: folder, devices: DeviceGroup(device))
            let activation = activationBytes(weights.part(.transformer), variant)
            let footprint = TransformerFootprint(
                configurations.transformer, elementBytes: device.cacheType.byteCount, activationBytes: activation)
            let prompt = "a \"cat\"", steps = 6, image = configurations.tokens(pixels: 64 * 96)
            func taken(_ threshold: Float) throws -> Int {
                let options = ImageOptions(height: 64, width: 96, steps: steps, guidanceScale: 2, seed: 5, stepCache: threshold)
                let request = try RenderRequest(
                    prompt: prompt, parameters: ImageParameters(options),
                    target: CodeGrid(GridSize(height: 2, width: 3), codes: [3, 2, 1, 0, 4, 5]))
                device.memory.resetPeak()
                let before = device.memory.live
                var stepping = 0
                _ = try renderer.render(request, onStep: { if $0 == steps { stepping = device.memory.peak - before } })
                return stepping
            }
            let text = renderer.glyphTokens(prompt), empty = renderer.glyphTokens("")
            let counted = footprint.denoising(image: image, text: text, sources: 0, unconditional: empty)
            let glyphs = GlyphFootprint(configurations.glyph, activationBytes: activationBytes(weights.part(.textEncoder), variant))
                .embeddings(rows: text + empty)
            let plain = try taken(0)
            #expect(plain >= counted && plain <= counted + glyphs, "\(plain) of \(counted)")
            let caches = [text, empty].reduce(0) { $0 + footprint.stepCache(image: image, text: $1) } + footprint.comparing(image: image, text: text)
            // Without, the most is taken while the second branch's prior is projected; its cache is made behind that.
            let projecting = activation * image * configurations.transformer.hiddenSize
            let more = try taken(1) - plain
            #expect(more <= caches && more >= caches - projecting - glyphs, "\(more) of \(caches)")
        }
    }
}
