import Checkpoint
import Decoding
import Domain
import GLMImage
import Layers
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorAscend
import Testing

extension OnDevice {
    /// What the host launches where weights are bf16 and every operator is fused. `deploy/ascend/estimate.py` counts with the same numbers.
    @Suite struct LaunchTests {
        private let device: AscendDevice
        private let folder: ModelFolder

        init() throws {
            device = try Variant.bf16.device
            folder = try Fixture.model("tiny-bf16-sharded")
        }

        /// The checkpoint's decoder without its last layers.
        private func decoder(layers: Int) throws -> TokenDecoder {
            var configuration = try TextGenerator(model: folder, device: device).decoder.configuration
            configuration.layers = layers
            let weights = WeightScope(map: try folder.weights("vision_language_encoder"), device: device)
            let head = try weights.linear("lm_head", from: configuration.hiddenSize, to: configuration.outputSize, bias: false)
            return try TokenDecoder(weights.scope("model.language_model"), head: head, configuration)
        }

        /// Calls of a decoding step of two sequences, when all that is made once is made.
        private func step(layers: Int) throws -> HostCalls {
            let decoder = try decoder(layers: layers)
            let batch = SequenceBatch(decoder, size: 2, cacheBytes: 4 * DecoderSizes.pageRows * decoder.cacheBytesPerToken)
            let sequences = try (0..<2).map { index in
                let sequence = try #require(batch.open(SequencePositions(next: 0), capacity: DecoderSizes.pageRows))
                try batch.extend(sequence, by: [1, 2, 3 + Int32(index)]) {}
                return sequence
            }
            var calls = HostCalls()
            for id in 0..<Int32(8) {
                let before = device.calls
                try batch.step(sequences, .host([id, id + 1]))
                calls = device.calls - before
            }
            try device.synchronize()
            return calls
        }

        @Test("a decoder's layer takes 16 launches in a step, of which attention alone is planned anew")
        func decoderLayer() throws {
            let (two, one) = (try step(layers: 2), try step(layers: 1))
            #expect(two.launches - one.launches <= 16, "\(two) in a step of two layers, \(one) of one")
            // Lengths are part of attention's plan, and grow with each step.
            #expect(two.plans - one.plans <= 1, "\(two) in a step of two layers, \(one) of one")
        }

        @Test("a block of the diffusion transformer takes 24 launches, and plans nothing anew")
        func transformerBlock() throws {
            let renderer = try ImageRenderer(model: folder, devices: DeviceGroup(device))
            let side = 64
            let shape = renderer.autoencoder.latentShape(height: side, width: side)
            let denoiser = try Denoiser(
                renderer, height: side, width: side, glyphs: renderer.glyphs.encode(["word"]),
                codes: (0..<Int32(shape.grid.count)).map { $0 % 16 }, sources: nil, guidanceScale: 1)
            var noise = Noise(1)
            var calls: [HostCalls] = []
            let schedule = Schedule(renderer.scheduler, steps: 4, tokens: shape.grid.count)
            _ = try denoiser.run(
                schedule, from: noise(shape.count), checkCancellation: { calls.append(device.calls) }, onStep: { _ in })
            // Called before each block: the last pass's first block lies between its first two calls.
            let blocks = renderer.transformer.configuration.layers
            try #require(blocks >= 2 && calls.count == 4 * blocks)
            let block = calls[calls.count - blocks + 1] - calls[calls.count - blocks]
            #expect(block.launches <= 24 && block.plans == 0, "\(block)")
        }
    }
}

extension AscendDevice {
    fileprivate var calls: HostCalls { hostCalls ?? HostCalls() }
}
