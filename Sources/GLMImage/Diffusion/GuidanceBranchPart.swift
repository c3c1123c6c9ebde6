import Tensor

/// What one rank computes of a branch of guidance.
struct GuidanceBranchPart {
    private let transformer: DiffusionTransformer
    private let workspace: TransformerWorkspace
    private let conditioning: DiffusionTransformer.Conditioning
    private let cache: StepCache?

    /// - Parameter maximumText: rows of text that the workspace can hold, of whichever branch shares it.
    /// - Throws: what a rank of several lacks, before any of them waits for it in a pass.
    init(
        _ transformer: DiffusionTransformer, _ target: GuidanceBranch.Target, maximumText: Int, sourceRows: Int,
        _ conditioning: DiffusionTransformer.Conditioning
    ) throws {
        self.transformer = transformer
        self.conditioning = conditioning
        cache = Self.cache(transformer, target, conditioning)
        workspace = transformer.makeWorkspace(
            height: target.height, width: target.width, grid: target.grid, maximumText: maximumText, sourceRows: sourceRows)
        if transformer.communicator != nil { try transformer.device.synchronize() }
    }

    /// Of the other branch, on the same device.
    init(sharing part: GuidanceBranchPart, _ target: GuidanceBranch.Target, _ conditioning: DiffusionTransformer.Conditioning) {
        transformer = part.transformer
        workspace = part.workspace
        self.conditioning = conditioning
        cache = Self.cache(transformer, target, conditioning)
    }

    private static func cache(
        _ transformer: DiffusionTransformer, _ target: GuidanceBranch.Target, _ conditioning: DiffusionTransformer.Conditioning
    ) -> StepCache? {
        target.cacheThreshold.map { transformer.makeStepCache(threshold: $0, conditioning.span) }
    }

    /// Whether the last step was computed in full.
    var isFull: Bool { cache?.decision != .forecast }

    /// The velocity of the rank's rows for `latents [image, channels · patch²]` of the whole image at `time`.
    /// - Parameter step: which of how many of the picture, from 0; nil: none of them, and all blocks are computed.
    func velocity(_ latents: [Float], time: Float, step: (index: Int, count: Int)?, checkCancellation: () throws -> Void) throws -> [Float] {
        let cached = cache.flatMap { cache in step.map { DiffusionTransformer.CachedStep(cache: cache, step: $0.index, count: $0.count) } }
        return try transformer.velocity(
            workspace, conditioning, latents: latents, time: time, cached: cached, checkCancellation: checkCancellation)
    }
}
