import Synchronization
package import Tensor

/// The denoising of one image: both branches of guidance, prepared once, then stepped.
package final class Denoiser {
    package enum Branch { case conditional, unconditional }

    private let shape: LatentShape
    private let conditional: GuidanceBranch
    /// Nil if guidance is off.
    private let unconditional: GuidanceBranch?
    /// The thread of the unconditional branch, if it has a device of its own.
    private let thread: DeviceThread?
    private let guidanceScale: Float
    /// Steps of ``run(_:from:predicting:checkCancellation:onPrediction:onStep:)`` that either branch computed in full.
    package private(set) var fullSteps = 0

    /// - Parameters:
    ///   - glyphs: embeddings of the quoted strings, `[text, textEmbeddingSize]`.
    ///   - codes: the target's, one for each patch.
    ///   - sources: keys and values of the source images, as ``ImageRenderer/write(_:checkCancellation:)`` makes them; nil: there are none.
    ///   - cacheThreshold: from which change of the residual on a step is computed in full; see ``StepCachePolicy``. Nil: all steps are.
    package init(
        _ renderer: ImageRenderer, height: Int, width: Int, glyphs: Tensor, codes: [Int32], sources: SourceKV?, guidanceScale: Float,
        cacheThreshold: Float? = nil
    ) throws {
        self.guidanceScale = guidanceScale
        shape = renderer.autoencoder.latentShape(height: height, width: width)
        let target = GuidanceBranch.Target(height: height, width: width, grid: shape.grid, codes: codes, cacheThreshold: cacheThreshold)
        let empty = guidanceScale > 1 ? try renderer.glyphs.encode([]) : nil
        // On one side both branches share a workspace, as large as the larger needs it.
        let shared = renderer.guidance == nil ? empty?.rows ?? 0 : 0
        let text = try renderer.ranks.replicate(glyphs)
        let own = try GuidanceBranch(renderer.ranks, target, maximumText: max(glyphs.rows, shared), sourceRows: sources?.rows ?? 0) {
            transformer in
            transformer.condition(
                glyphs: text[transformer.rank], codes: codes, dropped: false, sources: sources.map { .read($0.shards[transformer.rank]) } ?? .none)
        }
        conditional = own
        // The unconditional branch reads no keys and values of sources: the sources are dropped as well.
        if let empty, let guidance = renderer.guidance {
            unconditional = try guidance.branch(target, glyphs: renderer.floats(empty))
            thread = guidance.thread
        } else {
            unconditional = try empty.map { empty in
                let text = try renderer.ranks.replicate(empty)
                return try GuidanceBranch(sharing: own, target) {
                    $0.condition(glyphs: text[$0.rank], codes: codes, dropped: true, sources: .none)
                }
            }
            thread = nil
        }
    }

    /// One branch's velocity for `latents [channels, h, w]` at the unshifted `timestep`; in the same layout.
    package func velocity(_ branch: Branch, _ latents: [Float], timestep: Float) throws -> [Float] {
        guard let branch = branch == .conditional ? conditional : unconditional else { return [] }
        return shape.latents(try branch.velocity(shape.patches(latents), time: timestep - 1, step: nil) {})
    }

    /// Integrates along the schedule by Euler's method, from `noise [channels, h, w]`; guidance and update in f32.
    /// - Parameters:
    ///   - shown: steps, counted from 1, whose prediction is wanted.
    ///   - onPrediction: called behind `onStep` of each of them with the latents `[channels, h, w]` that the rest of the way would lead to if
    ///     the velocity stayed as it is: `x − σ · v`.
    package func run(
        _ schedule: Schedule, from noise: [Float], predicting shown: [Int] = [], checkCancellation: () throws -> Void,
        onPrediction: ([Float], Int) throws -> Void = { _, _ in }, onStep: (Int) throws -> Void
    ) throws -> [Float] {
        // The integration is element-wise, so it stays in the transformer's patch order throughout.
        var latents = shape.patches(noise)
        for (step, timestep) in schedule.timesteps.enumerated() {
            let velocity = try guided(latents, time: timestep - 1, (step, schedule.timesteps.count), checkCancellation)
            if conditional.isFull || unconditional?.isFull == true { fullSteps += 1 }
            let change = schedule.sigmas[step + 1] - schedule.sigmas[step]
            for index in latents.indices { latents[index] += change * velocity[index] }
            try onStep(step + 1)
            guard shown.contains(step + 1) else { continue }
            let left = schedule.sigmas[step + 1]
            try onPrediction(shape.latents(zip(latents, velocity).map { $0 - left * $1 }), step + 1)
        }
        return shape.latents(latents)
    }

    private func guided(
        _ latents: [Float], time: Float, _ step: (index: Int, count: Int), _ checkCancellation: () throws -> Void
    ) throws -> [Float] {
        guard let unconditional else { return try conditional.velocity(latents, time: time, step: step, checkCancellation: checkCancellation) }
        var velocity: [Float]
        let other: [Float]
        if let thread {
            // The caller's check belongs to the caller's thread: the other branch reads a flag.
            let isCancelled = Atomic<Bool>(false)
            (other, velocity) = try thread.both {
                try unconditional.velocity(latents, time: time, step: step) { if isCancelled.load(ordering: .relaxed) { throw CancellationError() } }
            } _: {
                do { return try conditional.velocity(latents, time: time, step: step, checkCancellation: checkCancellation) } catch {
                    isCancelled.store(true, ordering: .relaxed)
                    throw error
                }
            }
        } else {
            velocity = try conditional.velocity(latents, time: time, step: step, checkCancellation: checkCancellation)
            other = try unconditional.velocity(latents, time: time, step: step, checkCancellation: checkCancellation)
        }
        for index in velocity.indices { velocity[index] = other[index] + guidanceScale * (velocity[index] - other[index]) }
        return velocity
    }
}
