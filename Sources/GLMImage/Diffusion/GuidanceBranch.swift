import Domain
import Tensor

/// One branch of classifier-free guidance on its device: what to draw, prepared once, and the memory of its passes.
struct GuidanceBranch {
    /// The image that both branches denoise.
    struct Target {
        let height, width: Int  // pixels
        let grid: GridSize  // of patches
        let codes: [Int32]  // one for each patch
    }

    private let transformer: DiffusionTransformer
    private let workspace: TransformerWorkspace
    private let conditioning: DiffusionTransformer.Conditioning

    /// - Parameter maximumText: rows of text that the workspace can hold, of whichever branch shares it.
    init(
        _ transformer: DiffusionTransformer, _ target: Target, maximumText: Int, sourceRows: Int,
        _ conditioning: () -> DiffusionTransformer.Conditioning
    ) {
        self.transformer = transformer
        self.conditioning = conditioning()
        workspace = transformer.makeWorkspace(
            height: target.height, width: target.width, grid: target.grid, maximumText: maximumText, sourceRows: sourceRows)
    }

    /// The other branch, on the same device: it uses the same memory, one pass after the other.
    init(sharing branch: GuidanceBranch, _ conditioning: DiffusionTransformer.Conditioning) {
        transformer = branch.transformer
        workspace = branch.workspace
        self.conditioning = conditioning
    }

    /// The velocity for `latents [image, channels · patch²]` at `time`; in the same layout.
    func velocity(_ latents: [Float], time: Float, checkCancellation: () throws -> Void) throws -> [Float] {
        try transformer.velocity(workspace, conditioning, latents: latents, time: time, checkCancellation: checkCancellation)
    }
}
