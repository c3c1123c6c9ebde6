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

/// What the model takes of a device's memory, metered, against what `ModelConfiguration` counts and the planner places by.
@Suite("Footprints")
struct FootprintTests {
    static let checkpoints = Fixture.checkpoints + [Fixture.glmTiny]

    private func device(_ precision: Precision = .f32) -> MeteredDevice { MeteredDevice(CPUDevice(threads: 2, precision: precision)) }

    /// What `body` takes at most beside what is there before.
    private func peak(_ device: MeteredDevice, _ body: () throws -> Void) rethrows -> Int {
        device.memory.resetPeak()
        let before = device.memory.live
        try body()
        return device.memory.peak - before
    }

    @Test("each stage maps and copies just its weights", arguments: checkpoints)
    func weights(checkpoint: String) throws {
        let folder = try Fixture.model(checkpoint)
        let weights = try CheckpointWeights(folder), transformer = try ImageConfigurations(folder).transformer
        let (vision, text, diffusion) = (device(), device(), device())
        let models: [any AnyObject] = [
            try VisionEncoder(model: folder, device: vision), try TextGenerator(model: folder, device: text),
            try ImageRenderer(model: folder, devices: DeviceGroup(diffusion)),
        ]
        withExtendedLifetime(models) {
            for (kind, device) in [(StageKind.vision, vision), (.text, text), (.diffusion, diffusion)] {
                let constant = kind == .diffusion ? TransformerFootprint(transformer, elementBytes: 4).constant : 0
                #expect(device.memory.mapped == weights.stage(kind).mappedBytes, "\(kind)")
                #expect(device.memory.live - constant == weights.stage(kind).deviceCopyBytes, "\(kind)")
            }
        }
    }

    @Test("a batch takes its pool, its workspace and what a long prompt collects", arguments: checkpoints, Precision.allCases)
    func text(checkpoint: String, precision: Precision) throws {
        let folder = try Fixture.model(checkpoint)
        let device = device(precision)
        let generator = try TextGenerator(model: folder, device: device)
        let footprint = TextFootprint(try ImageConfigurations(folder).text.shape, elementBytes: device.cacheType.byteCount)
        let pages = 40
        // Read in chunks: the buffer that collects keys and values grows from one chunk to all of them.
        let prompt = String(repeating: "a red circle over a green square, ", count: 100)
        var tokens = 0
        let taken = try peak(device) {
            let batch = CodeBatch(generator, size: 3, cacheBytes: footprint.pool(pages: pages))
            tokens = try batch.add(Requests.tokens(prompt, 64, 64, seed: 1)).layout.promptTokens
            while !batch.isEmpty { try batch.advance(checkCancellation: { _ in }, onEvent: { _ in }) }
        }
        #expect(tokens > 2 * DecoderSizes.prefillChunk)
        #expect(taken == footprint.pool(pages: pages) + footprint.batch(rows: 3, pages: pages) + footprint.collecting(promptTokens: tokens))
    }

    @Test("encoding a source image takes the tower's workspace or the quantizer's products", arguments: checkpoints)
    func vision(checkpoint: String) throws {
        let folder = try Fixture.model(checkpoint)
        let device = device()
        let encoder = try VisionEncoder(model: folder, device: device)
        let configurations = try ImageConfigurations(folder)
        for side in [64, 128] {
            var codes = 0
            let taken = try peak(device) { codes = try encoder.encode(Self.image(side, side), checkCancellation: {}).codes.count }
            #expect(taken == VisionFootprint(configurations.vision, configurations.quantizer).encoding(patches: codes), "\(side)")
        }
    }

    @Test("the autoencoder takes three images and what goes in and comes out, of a tile where it is tiled", arguments: checkpoints)
    func autoencoder(checkpoint: String) throws {
        try Fixture.withCopy(of: Fixture.model(checkpoint).url) { copy in
            let tile = 128
            try Self.setSampleSide(tile, copy)
            let folder = try ModelFolder(copy)
            let footprint = VAEFootprint(try ImageConfigurations(folder).vae)
            for isTiled in [false, true] {
                let device = device()
                let autoencoder = try Autoencoder(folder, on: device, tiled: isTiled)
                for (height, width) in [(64, 96), (192, 160)] {
                    // Of a small image the tile is all of it.
                    let pixels = isTiled ? min(height, tile) * min(width, tile) : height * width
                    let shape = autoencoder.latentShape(height: height, width: width)
                    let decoding = try peak(device) {
                        _ = try autoencoder.decode([Float](repeating: 0.1, count: shape.count), shape, checkCancellation: {})
                    }
                    #expect(decoding == footprint.decoding(pixels: pixels), "\(height) × \(width), tiled \(isTiled)")
                    let encoding = try peak(device) { _ = try autoencoder.encode(Self.image(height, width), checkCancellation: {}) }
                    #expect(encoding == footprint.encoding(pixels: pixels), "\(height) × \(width), tiled \(isTiled)")
                }
            }
        }
    }

    static func image(_ height: Int, _ width: Int) -> RGBImage {
        RGBImage(width: width, height: height, pixels: (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0) })
    }

    /// Makes tiles smaller than the pictures of a test.
    static func setSampleSide(_ side: Int, _ folder: URL) throws {
        let url = folder.appending(path: "vae/config.json")
        var values = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
        values["sample_size"] = side
        try JSONSerialization.data(withJSONObject: values).write(to: url)
    }
}
