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
    /// What the host launches where weights are bf16 and every operator is fused.
    @Suite struct LaunchTests {
        private let most: LaunchCounts
        private let device: AscendDevice
        private let folder: ModelFolder

        init() throws {
            most = try LaunchCounts.load()
            device = try Variant.bf16.device
            folder = try Fixture.model("tiny-bf16-sharded")
        }

        /// The checkpoint's decoder without its last layers.
        private func decoder(layers: Int, on device: AscendDevice) throws -> TokenDecoder {
            var configuration = try TextGenerator(model: folder, device: device).decoder.configuration
            configuration.layers = layers
            let weights = WeightScope(map: try folder.weights("vision_language_encoder"), device: device)
            let head = try weights.linear("lm_head", from: configuration.hiddenSize, to: configuration.outputSize, bias: false)
            return try TokenDecoder(weights.scope("model.language_model"), head: head, configuration)
        }

        /// Calls of a decoding step of two sequences, when all that is made once is made.
        private func step(layers: Int, on other: AscendDevice? = nil) throws -> HostCalls {
            let device = other ?? self.device
            let decoder = try decoder(layers: layers, on: device)
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

        @Test(
            "layers, and a step beside them, take the operators that the estimate counts at most; unrecorded they are launched, none is planned anew")
        func decoderLayer() throws {
            let (two, one) = (try step(layers: 2), try step(layers: 1))
            let layer = two.replayed - one.replayed
            #expect(layer <= most.decoderLayer && two.launches == 0, "\(two) in a step of two layers, \(one) of one")
            #expect(one.replayed - layer <= most.stepBesideLayers, "\(one) in a step of one layer, \(layer) of which are the layer's")
            let launching = try Devices.launching.get()
            let (twoLaunched, oneLaunched) = (try step(layers: 2, on: launching), try step(layers: 1, on: launching))
            #expect(twoLaunched.launches - oneLaunched.launches == layer, "\(twoLaunched), \(oneLaunched)")
            #expect(twoLaunched.plans == 0, "\(twoLaunched)")
        }

        @Test("sampling takes no more operators than the estimate counts")
        func sampling() throws {
            let logits = device.makeTensor([1, 3, 2, 0, 2, 2, 1, 5], [2, 4]), sampled = SampledTokens(rows: 2, on: device)
            let parameters = Array(repeating: SamplingParameters(temperature: 1, topP: 0.9, topK: 3), count: 2)
            var calls = HostCalls()
            for _ in 0..<4 {
                let before = device.calls
                device.sample(logits, parameters, into: sampled)
                calls = device.calls - before
            }
            try device.synchronize()
            #expect(calls.launches == 0 && (1...most.sampling).contains(calls.replayed), "\(calls)")
        }

        @Test("transformer blocks, and a pass beside them, take the launches that the estimate counts at most; a block plans nothing anew")
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
            let last = calls.count - blocks
            let block = calls[last + 1] - calls[last]
            #expect(block.launches <= most.transformerBlock && block.plans == 0, "\(block)")
            let step = calls[last] - calls[last - blocks]
            #expect(step.launches - blocks * block.launches <= most.passBesideBlocks, "\(step) in a step of \(blocks) blocks, \(block) in one")
        }
    }
}

extension AscendDevice {
    fileprivate var calls: HostCalls { hostCalls ?? HostCalls() }
}
