import Checkpoint
import Domain
import Foundation
import GLMImage
import ModelFixtures
import Imaging
import ModelConfiguration
import Tensor
import TensorCPU
import Testing

/// The diffusion stage's memory over whole requests, metered, against what `ModelConfiguration` counts.
@Suite("Footprints of pictures")
struct DiffusionFootprintTests {
    /// The least that every checkpoint takes of a source.
    private static let side = 256
    private static let prompt = "a \"cat\" and \"dogs\""

    private func request(_ sources: [SourceImage], guidance: Float, partials: Int = 0) throws -> RenderRequest {
        try RenderRequest(
            prompt: Self.prompt, parameters: Requests.parameters(Self.side, Self.side, steps: 2, guidanceScale: guidance, seed: 5),
            target: Self.grid, sources: sources, partialImages: partials)
    }

    private static let grid = Requests.grid(side / 32, side / 32, (0..<Int32(side / 32 * side / 32)).map { $0 % 16 })
    private static let image = FootprintTests.image(side, side)
    private static let source = try! Requests.source(image, grid)

    /// Draws a picture; what was taken at most until its first step was done, and in all, beside what was there before.
    private func taken(_ renderer: ImageRenderer, _ device: MeteredDevice, _ request: RenderRequest) throws -> (stepping: Int, all: Int) {
        device.memory.resetPeak()
        let before = device.memory.live
        var stepping = 0
        _ = try renderer.render(
            request, images: request.sources.map { _ in Self.image }, onStep: { if $0 == 1 { stepping = device.memory.peak - before } })
        return (stepping, device.memory.peak - before)
    }

    @Test(
        "denoising takes the memory of both branches of guidance, within the glyphs' embeddings of what is counted, and no more",
        arguments: FootprintTests.checkpoints, [1, 2] as [Float])
    func denoising(checkpoint: String, guidance: Float) throws {
        let folder = try Fixture.model(checkpoint)
        let configurations = try ImageConfigurations(folder)
        let device = MeteredDevice(CPUDevice(threads: 2))
        let footprint = TransformerFootprint(configurations.transformer, elementBytes: 4)
        let renderer = try ImageRenderer(model: folder, devices: DeviceGroup(device), sourceCacheBytes: 1 << 30)
        let image = configurations.tokens(pixels: Self.side * Self.side)
        let text = renderer.glyphTokens(Self.prompt)
        let empty = renderer.glyphTokens("")
        for sources in [[], [Self.source]] {
            // Keys and values of the sources stay from the first picture to the second.
            if !sources.isEmpty { _ = try taken(renderer, device, request(sources, guidance: guidance)) }
            let counted = footprint.denoising(
                image: image, text: text, sources: sources.count * image, unconditional: guidance > 1 ? empty : nil)
            let glyphs = GlyphFootprint(configurations.glyph).embeddings(rows: text + empty)
            let stepping = try taken(renderer, device, request(sources, guidance: guidance)).stepping
            #expect(stepping >= counted, "\(sources.count) sources")
            #expect(stepping <= counted + glyphs, "\(sources.count) sources")
        }
    }

    @Test("step caching takes of each branch of guidance what is counted for it, and no more", arguments: [1, 2] as [Float])
    func stepCache(guidance: Float) throws {
        let folder = try Fixture.model(Fixture.glmTiny)
        let configurations = try ImageConfigurations(folder)
        let device = MeteredDevice(CPUDevice(threads: 2))
        let renderer = try ImageRenderer(model: folder, devices: DeviceGroup(device))
        let footprint = TransformerFootprint(configurations.transformer, elementBytes: 4)
        let image = configurations.tokens(pixels: Self.side * Self.side)
        let texts = [renderer.glyphTokens(Self.prompt)] + (guidance > 1 ? [renderer.glyphTokens("")] : [])
        let caches = texts.reduce(0) { $0 + footprint.stepCache(image: image, text: $1) }
        func stepping(_ threshold: Float) throws -> Int {
            let options = ImageOptions(height: Self.side, width: Self.side, steps: 6, guidanceScale: guidance, seed: 5, stepCache: threshold)
            let request = try RenderRequest(prompt: Self.prompt, parameters: ImageParameters(options), target: Self.grid)
            return try taken(renderer, device, request).stepping
        }
        let more = try stepping(1) - stepping(0)
        // Without, the most is taken while the second branch's prior is projected; its cache is made behind that.
        let projecting = 4 * image * configurations.transformer.hiddenSize
        let glyphs = GlyphFootprint(configurations.glyph).embeddings(rows: texts.reduce(0, +))
        #expect(more <= caches && more >= caches - projecting - glyphs, "\(more) of \(caches)")
    }

    @Test("writing the keys and values of a source takes them, a workspace and its prior", arguments: FootprintTests.checkpoints)
    func writing(checkpoint: String) throws {
        let folder = try Fixture.model(checkpoint)
        let configurations = try ImageConfigurations(folder)
        let device = MeteredDevice(CPUDevice(threads: 2))
        let footprint = TransformerFootprint(configurations.transformer, elementBytes: 4)
        let renderer = try ImageRenderer(model: folder, devices: DeviceGroup(device))
        let source = try renderer.latents(of: Self.image, codes: Self.grid.doubled, checkCancellation: {})
        device.memory.resetPeak()
        let before = device.memory.live
        let written = try renderer.write([source, source], checkCancellation: {})
        let image = configurations.tokens(pixels: Self.side * Self.side)
        #expect(device.memory.peak - before == footprint.sourceCache(rows: 2 * image) + footprint.writing(image: image))
        #expect(device.memory.live - before == footprint.sourceCache(rows: 2 * image))
        withExtendedLifetime(written) {}
    }

    @Test(
        "the CPU's copies of the convolutions take no more than is counted, whichever kernels read them", arguments: FootprintTests.checkpoints,
        KernelSet.allCases.filter(\.isAvailable))
    func packedConvolutions(checkpoint: String, kernels: KernelSet) throws {
        let folder = try Fixture.model(checkpoint)
        for precision in Set([.f32, kernels.nativePrecision]) {
            let device = CPUDevice(threads: 2, precision: precision, kernels: kernels)
            let renderer = try ImageRenderer(model: folder, devices: DeviceGroup(device))
            // An edit: the encoder's convolutions and the decoder's.
            _ = try renderer.render(request([Self.source], guidance: 1), images: [Self.image], onStep: { _ in })
            let taken = device.packedConvolutionBytes
            let counted = 4 * (try CheckpointWeights(folder).packedConvolutionFloats)
            #expect(taken > 0 && taken <= counted)
        }
    }

    @Test("the device that computes the other branch takes what is counted for it", arguments: FootprintTests.checkpoints)
    func otherBranch(checkpoint: String) throws {
        let folder = try Fixture.model(checkpoint)
        let configurations = try ImageConfigurations(folder)
        let other = MeteredDevice(CPUDevice(threads: 1))
        let renderer = try ImageRenderer(model: folder, devices: DeviceGroup([CPUDevice(threads: 1), other]))
        let footprint = TransformerFootprint(configurations.transformer, elementBytes: 4)
        #expect(other.memory.live == (try CheckpointWeights(folder).part(.transformer).deviceCopyBytes) + footprint.constant)
        let empty = renderer.glyphTokens("")
        let counted = footprint.denoising(
            image: configurations.tokens(pixels: Self.side * Self.side), text: empty, sources: 0, unconditional: nil)
        let stepping = try taken(renderer, other, request([Self.source], guidance: 2)).all
        #expect(stepping >= counted && stepping <= counted + GlyphFootprint(configurations.glyph).embeddings(rows: empty))
    }

    @Test(
        "a request of the largest size that is planned for, with partial images, takes no more than the plan's items together",
        arguments: FootprintTests.checkpoints, [false, true])
    func planned(checkpoint: String, tiled: Bool) throws {
        let folder = try Fixture.model(checkpoint)
        let device = MeteredDevice(CPUDevice(threads: 2))
        let items = Footprint(
            try ModelDescription(folder), Footprint.Limits(pixels: Self.side * Self.side, sources: 1),
            Footprint.Form(onHost: true, precision: .f32, vaeTiling: tiled)
        ).items(.diffusion)
        func bytes(_ kinds: Set<MemoryItem.Item>) -> Int { items.filter { kinds.contains($0.item) }.reduce(0) { $0 + $1.bytes } }
        let renderer = try ImageRenderer(
            model: folder, devices: DeviceGroup(device), sourceCacheBytes: bytes([.sourceCache]), tiled: tiled)
        // The copies, with those that are counted for the host's own memory.
        #expect(device.memory.live <= bytes([.widenedWeights]) + bytes([.activations]))
        let all = try taken(renderer, device, request([Self.source], guidance: 2, partials: 3)).all
        #expect(all <= bytes([.sourceCache, .activations, .decoding]))
    }
}
