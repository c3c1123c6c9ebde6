package import Tensor

/// A source image ready for the transformer.
package struct Condition: Sendable {
    package let latents: [Float]        // [channels, h, w], normalised
    package let shape: LatentShape
    package let height, width: Int      // pixels
    package let codes: [Int32]          // [h · w / 4]

    package init(latents: [Float], shape: LatentShape, height: Int, width: Int, codes: [Int32]) {
        self.latents = latents
        self.shape = shape
        self.height = height
        self.width = width
        self.codes = codes
    }
}

/// One picture's denoising: both sides of guidance, prepared once, then stepped.
package final class Denoiser {
    package enum Side { case conditional, unconditional }

    private let transformer: DiffusionTransformer
    private let session: DiffusionTransformer.Session
    private let shape: LatentShape
    private let conditional: DiffusionTransformer.Branch
    private let unconditional: DiffusionTransformer.Branch?
    private let guidanceScale: Float

    /// - Parameters:
    ///   - glyphs: embeddings of the quoted strings, `[text, textSize]`.
    ///   - codes: the target's, one for each patch.
    ///   - conditions: of the source images, as ``ImageRenderer/write(_:checkCancellation:)`` makes it; nil: there are none.
    init(
        _ renderer: ImageRenderer, height: Int, width: Int, glyphs: Tensor, codes: [Int32], conditions: ConditionCache?, guidanceScale: Float
    ) throws {
        transformer = renderer.transformer
        self.guidanceScale = guidanceScale
        shape = renderer.autoencoder.latentShape(height: height, width: width)
        let cache: TransformerPass.CacheUse = conditions.map { .read($0) } ?? .none
        conditional = DiffusionTransformer.Branch(
            text: transformer.projectGlyphs(glyphs), prior: transformer.projectPrior(codes, dropped: false), cache: cache)
        // Without a cache use of its own: the sources, too, are dropped on this side.
        unconditional =
            guidanceScale > 1
            ? DiffusionTransformer.Branch(
                text: transformer.projectGlyphs(try renderer.glyphs.encode([])), prior: transformer.projectPrior(codes, dropped: true), cache: .none)
            : nil
        session = transformer.makeSession(
            height: height, width: width, grid: shape.grid, maximumText: max(conditional.text.rows, unconditional?.text.rows ?? 0), cachedRows: conditions?.rows ?? 0)
    }

    /// One side's velocity for `latents [channels, h, w]` at the unshifted `timestep`; likewise laid out.
    package func velocity(_ side: Side, _ latents: [Float], timestep: Float) throws -> [Float] {
        guard let branch = side == .conditional ? conditional : unconditional else { return [] }
        return shape.latents(try transformer.velocity(session, branch, latents: shape.patches(latents), time: timestep - 1, checkCancellation: {}))
    }

    /// Walks the schedule down by Euler's method from `noise [channels, h, w]`; guidance and update in f32.
    package func run(
        _ schedule: Schedule, from noise: [Float], checkCancellation: () throws -> Void, onStep: (Int) throws -> Void
    ) throws -> [Float] {
        // The walk is element-wise, so it stays in the transformer's patch order throughout.
        var latents = shape.patches(noise)
        for (step, timestep) in schedule.timesteps.enumerated() {
            let time = timestep - 1
            var velocity = try transformer.velocity(session, conditional, latents: latents, time: time, checkCancellation: checkCancellation)
            if let unconditional {
                let other = try transformer.velocity(session, unconditional, latents: latents, time: time, checkCancellation: checkCancellation)
                for index in velocity.indices { velocity[index] = other[index] + guidanceScale * (velocity[index] - other[index]) }
            }
            let change = schedule.sigmas[step + 1] - schedule.sigmas[step]
            for index in latents.indices { latents[index] += change * velocity[index] }
            try onStep(step + 1)
        }
        return shape.latents(latents)
    }
}
