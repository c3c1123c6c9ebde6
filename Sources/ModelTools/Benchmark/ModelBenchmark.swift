import Domain
import ModelConfiguration
public import Checkpoint
public import Tensor
import GLMImage
import Decoding

/// Times each part of a model alone, in one process, on synthetic inputs of stated sizes.
public struct ModelBenchmark {
    /// Sizes of the work.
    public struct Sizes: Sendable {
        /// Side of the square picture in pixels, for the vision tower (16 pixels a patch), the transformer and the autoencoder.
        public var side = 512
        public var promptTokens = 512
        public var decodedTokens = 96
        /// Sequences in a decoding step; each size is timed.
        public var batches = [1, 4, 8, 16]
        public var glyphBytes = 128
        /// Glyph tokens in the transformer's pass.
        public var textTokens = 64

        public init() {}
    }

    private let model: ModelFolder
    private let device: MeteredDevice
    private let sizes: Sizes
    private let budget: Duration
    private let clock = ContinuousClock()

    /// - Parameter budget: each part is run again until this much time has passed, and at least twice.
    public init(model: ModelFolder, device: any Device, sizes: Sizes = Sizes(), budget: Duration = .seconds(3)) {
        self.model = model
        self.device = MeteredDevice(device)
        self.sizes = sizes
        self.budget = budget
    }

    /// Times every part; stages are loaded one after another, so that memory holds one at a time.
    public func run(loaded: (LoadTiming) -> Void, timed: (PartTiming) -> Void) throws {
        try vision(loaded, timed)
        try text(loaded, timed)
        try diffusion(loaded, timed)
    }

    private func vision(_ loaded: (LoadTiming) -> Void, _ timed: (PartTiming) -> Void) throws {
        let encoder = try load("vision", loaded) { try VisionEncoder(model: model, device: device) }
        let configuration = encoder.tower.configuration
        let grid = GridSize(height: sizes.side / configuration.patchSize, width: sizes.side / configuration.patchSize)
        let patches = noise(grid.count * configuration.channels * configuration.patchSize * configuration.patchSize)
        timed(try time("vision", "\(grid.count) patches", tokens: grid.count) { _ = try encoder.quantizer(encoder.tower(patches, grids: [grid]) {}) })
    }

    private func text(_ loaded: (LoadTiming) -> Void, _ timed: (PartTiming) -> Void) throws {
        let text = try load("text", loaded) { try TextGenerator(model: model, device: device) }
        let decoder = text.decoder
        let vocabulary = decoder.configuration.outputSize
        let prompt = (0..<sizes.promptTokens).map { Int32($0 * 31 % decoder.configuration.vocabularySize) }
        let capacity = sizes.promptTokens + sizes.decodedTokens
        let most = sizes.batches.max() ?? 1
        let pages = most * DecoderSizes.pages(rows: capacity)
        let batch = SequenceBatch(decoder, size: most, cacheBytes: pages * DecoderSizes.pageRows * decoder.cacheBytesPerToken)
        func read() throws -> SequenceBatch.Sequence {
            guard let sequence = batch.open(SequencePositions(next: 0), capacity: capacity) else { preconditionFailure("a pool of \(pages) pages") }
            for start in stride(from: 0, to: prompt.count, by: DecoderSizes.prefillChunk) {
                try batch.extend(sequence, by: Array(prompt[start..<min(start + DecoderSizes.prefillChunk, prompt.count)])) {}
            }
            batch.predictLast()
            _ = try batch.lastLogits()
            return sequence
        }
        func decode(_ sequences: [SequenceBatch.Sequence], _ ids: [Int32]) throws {
            try batch.step(sequences, .host(ids))
            _ = try batch.lastLogits()
        }
        timed(try time("prefill", "\(sizes.promptTokens) tokens", tokens: sizes.promptTokens) { batch.close(try read()) })

        // In turn, so that whatever else the machine does falls on all sizes.
        let sequences = try (0..<most).map { _ in try read() }
        var best = sizes.batches.map { _ in Duration.seconds(1_000_000) }
        var work = sizes.batches.map { _ in MeteredDevice.Work() }
        for round in 0..<sizes.decodedTokens / sizes.batches.count {
            for (index, size) in sizes.batches.enumerated() {
                device.reset()
                let ids = (0..<size).map { Int32(($0 + round) % vocabulary) }
                best[index] = min(best[index], try clock.measure { try decode(Array(sequences[..<size]), ids) })
                work[index] = device.work
            }
        }
        for (index, size) in sizes.batches.enumerated() {
            timed(
                PartTiming(
                    part: size == 1 ? "decode" : "decode-\(size)", workload: "\(size) token\(size == 1 ? "" : "s") after \(sizes.promptTokens)",
                    seconds: best[index].seconds, runs: sizes.decodedTokens / sizes.batches.count, tokens: size, work: work[index]))
        }
    }

    private func diffusion(_ loaded: (LoadTiming) -> Void, _ timed: (PartTiming) -> Void) throws {
        let renderer = try load("diffusion", loaded) { try ImageRenderer(model: model, devices: DeviceGroup(device)) }
        let glyphs = renderer.glyphs.configuration
        let text = String(repeating: "a", count: sizes.glyphBytes - 1)
        timed(try time("glyph", "\(sizes.glyphBytes) bytes", tokens: sizes.glyphBytes) { _ = try device.floats(renderer.glyphs.encode([text])) })

        let shape = renderer.autoencoder.latentShape(height: sizes.side, width: sizes.side)
        let latents = noise(shape.count)
        let denoiser = try Denoiser(
            renderer, height: sizes.side, width: sizes.side,
            glyphs: device.makeTensor(noise(sizes.textTokens * glyphs.hiddenSize), Shape(sizes.textTokens, glyphs.hiddenSize)),
            codes: (0..<Int32(shape.grid.count)).map { $0 % Int32(renderer.transformer.configuration.codebookSize) }, sources: nil,
            guidanceScale: 1)
        timed(
            try time("denoise", "one pass at \(sizes.side)×\(sizes.side)", tokens: shape.grid.count) {
                _ = try denoiser.velocity(.conditional, latents, timestep: 500)
            })
        timed(try time("vae-decode", "\(sizes.side)×\(sizes.side)", tokens: nil) { _ = try renderer.autoencoder.decode(latents, shape) {} })
    }

    private func load<Part>(_ part: String, _ loaded: (LoadTiming) -> Void, _ make: () throws -> Part) throws -> Part {
        let start = clock.now
        let result = try make()
        loaded(LoadTiming(part: part, seconds: (clock.now - start).seconds))
        return result
    }

    private func time(_ part: String, _ workload: String, tokens: Int?, _ body: () throws -> Void) throws -> PartTiming {
        try body()
        var best = Duration.seconds(1_000_000)
        var runs = 0
        let start = clock.now
        while runs < 2 || clock.now - start < budget {
            // Of the last run, when all that is made once is made.
            device.reset()
            best = min(best, try clock.measure(body))
            runs += 1
        }
        return PartTiming(part: part, workload: workload, seconds: best.seconds, runs: runs, tokens: tokens, work: device.work)
    }

    private func noise(_ count: Int) -> [Float] {
        var generator = TorchGenerator(seed: 0)
        return generator.normal(count: count)
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
