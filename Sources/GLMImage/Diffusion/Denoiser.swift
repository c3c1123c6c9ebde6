import Synchronization
package import Tensor

/// A source image ready for the transformer.
package struct Condition: Sendable {
    package let latents: [Float]  // [channels, h, w], normalised
    package let shape: LatentShape
    package let height, width: Int  // pixels
    package let codes: [Int32]  // [h · w / 4]

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

    private let shape: LatentShape
    private let conditional: DenoisingSide
    /// Nil where guidance is off.
    private let unconditional: DenoisingSide?
    /// Of the unconditional side, where it has a device of its own.
    private let thread: SideThread?
    private let guidanceScale: Float

    /// - Parameters:
    ///   - glyphs: embeddings of the quoted strings, `[text, textSize]`.
    ///   - codes: the target's, one for each patch.
    ///   - conditions: of the source images, as ``ImageRenderer/write(_:checkCancellation:)`` makes it; nil: there are none.
    package init(
        _ renderer: ImageRenderer, height: Int, width: Int, glyphs: Tensor, codes: [Int32], conditions: ConditionCache?, guidanceScale: Float
    ) throws {
        let transformer = renderer.transformer
        self.guidanceScale = guidanceScale
        shape = renderer.autoencoder.latentShape(height: height, width: width)
        let picture = DenoisingSide.Picture(height: height, width: width, grid: shape.grid, codes: codes)
        let empty = guidanceScale > 1 ? try renderer.glyphs.encode([]) : nil
        // On one device both sides share a session, as large as the larger needs it.
        let shared = renderer.guidance == nil ? empty?.rows ?? 0 : 0
        let own = DenoisingSide(transformer, picture, maximumText: max(glyphs.rows, shared), cachedRows: conditions?.rows ?? 0) {
            DiffusionTransformer.Branch(
                text: transformer.projectGlyphs(glyphs), prior: transformer.projectPrior(codes, dropped: false),
                cache: conditions.map { .read($0) } ?? .none)
        }
        conditional = own
        // Without a cache use of its own: the sources, too, are dropped on this side.
        if let empty, let guidance = renderer.guidance {
            unconditional = try guidance.side(picture, glyphs: renderer.floats(empty))
            thread = guidance.thread
        } else {
            unconditional = empty.map { empty in
                DenoisingSide(
                    sharing: own,
                    DiffusionTransformer.Branch(
                        text: transformer.projectGlyphs(empty), prior: transformer.projectPrior(codes, dropped: true), cache: .none))
            }
            thread = nil
        }
    }

    /// One side's velocity for `latents [channels, h, w]` at the unshifted `timestep`; likewise laid out.
    package func velocity(_ side: Side, _ latents: [Float], timestep: Float) throws -> [Float] {
        guard let side = side == .conditional ? conditional : unconditional else { return [] }
        return shape.latents(try side.velocity(shape.patches(latents), time: timestep - 1) {})
    }

    /// Walks the schedule down by Euler's method from `noise [channels, h, w]`; guidance and update in f32.
    package func run(
        _ schedule: Schedule, from noise: [Float], checkCancellation: () throws -> Void, onStep: (Int) throws -> Void
    ) throws -> [Float] {
        // The walk is element-wise, so it stays in the transformer's patch order throughout.
        var latents = shape.patches(noise)
        for (step, timestep) in schedule.timesteps.enumerated() {
            let velocity = try guided(latents, time: timestep - 1, checkCancellation)
            let change = schedule.sigmas[step + 1] - schedule.sigmas[step]
            for index in latents.indices { latents[index] += change * velocity[index] }
            try onStep(step + 1)
        }
        return shape.latents(latents)
    }

    private func guided(_ latents: [Float], time: Float, _ checkCancellation: () throws -> Void) throws -> [Float] {
        guard let unconditional else { return try conditional.velocity(latents, time: time, checkCancellation: checkCancellation) }
        var velocity: [Float]
        let other: [Float]
        if let thread {
            // The caller's check is the caller's thread's: the other side is told by a flag.
            let isOver = Atomic<Bool>(false)
            (other, velocity) = try thread.both {
                try unconditional.velocity(latents, time: time) { if isOver.load(ordering: .relaxed) { throw CancellationError() } }
            } _: {
                do { return try conditional.velocity(latents, time: time, checkCancellation: checkCancellation) } catch {
                    isOver.store(true, ordering: .relaxed)
                    throw error
                }
            }
        } else {
            velocity = try conditional.velocity(latents, time: time, checkCancellation: checkCancellation)
            other = try unconditional.velocity(latents, time: time, checkCancellation: checkCancellation)
        }
        for index in velocity.indices { velocity[index] = other[index] + guidanceScale * (velocity[index] - other[index]) }
        return velocity
    }
}
