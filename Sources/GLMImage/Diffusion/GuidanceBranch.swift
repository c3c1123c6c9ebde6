import Domain
import Tensor

/// One branch of classifier-free guidance on its device: what to draw, prepared once, and the memory of its passes.
struct GuidanceBranch {
    /// The image that both branches denoise.
    struct Target {
        let height, width: Int  // pixels
        let grid: GridSize  // of patches
        let codes: [Int32]  // one for each patch
        /// From which change of the residual on a step is computed in full; nil: all steps are.
        let cacheThreshold: Float?
    }

    private let transformer: DiffusionTransformer
    private let workspace: TransformerWorkspace
    private let conditioning: DiffusionTransformer.Conditioning
    private let cache: StepCache?

    /// - Parameter maximumText: rows of text that the workspace can hold, of whichever branch shares it.
    init(
        _ transformer: DiffusionTransformer, _ target: Target, maximumText: Int, sourceRows: Int,
        _ conditioning: () -> DiffusionTransformer.Conditioning
    ) {
        self.transformer = transformer
        self.conditioning = conditioning()
        cache = Self.cache(transformer, target, self.conditioning)
        workspace = transformer.makeWorkspace(
            height: target.height, width: target.width, grid: target.grid, maximumText: maximumText, sourceRows: sourceRows)
    }

    /// The other branch, on the same device: it uses the same memory, one pass after the other.
    init(sharing branch: GuidanceBranch, _ target: Target, _ conditioning: DiffusionTransformer.Conditioning) {
        transformer = branch.transformer
        workspace = branch.workspace
        self.conditioning = conditioning
        cache = Self.cache(transformer, target, conditioning)
    }

    private static func cache(_ transformer: DiffusionTransformer, _ target: Target, _ conditioning: DiffusionTransformer.Conditioning) -> StepCache?
    {
        target.cacheThreshold.map { transformer.makeStepCache(threshold: $0, image: target.grid.count, text: conditioning.text.rows) }
    }

    /// Whether the last step was computed in full.
    var isFull: Bool { cache?.decision != .forecast }

    /// The velocity for `latents [image, channels · patch²]` at `time`; in the same layout.
    /// - Parameter step: which of how many of the picture, from 0; nil: none of them, and all blocks are computed.
    func velocity(_ latents: [Float], time: Float, step: (index: Int, count: Int)?, checkCancellation: () throws -> Void) throws -> [Float] {
        let cached = cache.flatMap { cache in step.map { DiffusionTransformer.CachedStep(cache: cache, step: $0.index, count: $0.count) } }
        return try transformer.velocity(
            workspace, conditioning, latents: latents, time: time, cached: cached, checkCancellation: checkCancellation)
    }
}
