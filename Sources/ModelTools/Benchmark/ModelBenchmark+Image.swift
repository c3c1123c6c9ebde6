import Domain
import GLMImage
import ModelConfiguration
import Tensor

// The parts of GLM-Image.

extension ModelBenchmark {
    static let diffusionParts = ["glyph", "denoise", "vae-decode"]

    func vision(_ loaded: (LoadTiming) -> Void, _ timed: (PartTiming) -> Void) throws {
        guard wants("vision") else { return }
        let encoder = try load("vision", loaded) { try VisionEncoder(model: model, device: device) }
        let configuration = encoder.tower.configuration
        let grid = GridSize(height: sizes.side / configuration.patchSize, width: sizes.side / configuration.patchSize)
        let patches = noise(grid.count * configuration.channels * configuration.patchSize * configuration.patchSize)
        try time("vision", "\(grid.count) patches", tokens: grid.count, timed) { _ = try encoder.quantizer(encoder.tower(patches, grids: [grid]) {}) }
    }

    func text(_ loaded: (LoadTiming) -> Void, _ timed: (PartTiming) -> Void) throws {
        guard (Self.decodingParts(sizes) + Self.codeParts).contains(where: wants) else { return }
        let decoder = try load("text", loaded) { try TextGenerator(model: model, device: device) }.decoder
        try decoding(decoder, timed)
        try speculation(decoder, timed)
    }

    func diffusion(_ loaded: (LoadTiming) -> Void, _ timed: (PartTiming) -> Void) throws {
        guard Self.diffusionParts.contains(where: wants) else { return }
        let renderer = try load("diffusion", loaded) { try ImageRenderer(model: model, devices: DeviceGroup(device)) }
        let glyphs = renderer.glyphs.configuration
        let text = String(repeating: "a", count: sizes.glyphBytes - 1)
        try time("glyph", "\(sizes.glyphBytes) bytes", tokens: sizes.glyphBytes, timed) { _ = try device.floats(renderer.glyphs.encode([text])) }

        let shape = renderer.autoencoder.latentShape(height: sizes.side, width: sizes.side)
        let latents = noise(shape.count)
        func denoiser(cacheThreshold: Float? = nil) throws -> Denoiser {
            try Denoiser(
                renderer, height: sizes.side, width: sizes.side,
                glyphs: device.makeTensor(noise(sizes.textTokens * glyphs.hiddenSize), Shape(sizes.textTokens, glyphs.hiddenSize)),
                codes: (0..<Int32(shape.grid.count)).map { $0 % Int32(renderer.transformer.configuration.codebookSize) }, sources: nil,
                guidanceScale: 1, cacheThreshold: cacheThreshold)
        }
        let pass = try denoiser()
        try time("denoise", "one pass at \(sizes.side)×\(sizes.side)", tokens: shape.grid.count, timed) {
            _ = try pass.velocity(.conditional, latents, timestep: 500)
        }
        if let threshold = sizes.stepCache, wants("denoise") {
            guard renderer.cachesSteps else { throw RequestError("step cache \(threshold): the model's transformer has too few blocks to skip any") }
            let schedule = Schedule(renderer.scheduler, steps: sizes.steps, tokens: shape.grid.count)
            for threshold in [nil, threshold] {
                // What was kept of one picture is of no use to the next.
                func draw() throws -> Int {
                    let denoiser = try denoiser(cacheThreshold: threshold)
                    _ = try denoiser.run(schedule, from: latents, checkCancellation: {}, onStep: { _ in })
                    return denoiser.fullSteps
                }
                try time("denoise", "\(sizes.steps) steps, \(try draw()) in full", tokens: sizes.steps * shape.grid.count, timed) { _ = try draw() }
            }
        }
        try time("vae-decode", "\(sizes.side)×\(sizes.side)", tokens: nil, timed) { _ = try renderer.autoencoder.decode(latents, shape) {} }
    }
}
