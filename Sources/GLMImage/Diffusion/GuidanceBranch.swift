import Domain
import Tensor

/// One branch of classifier-free guidance on the devices of its side: what to draw, prepared once, and the memory of its passes.
struct GuidanceBranch {
    /// The image that both branches denoise.
    struct Target {
        let height, width: Int  // pixels
        let grid: GridSize  // of patches
        let codes: [Int32]  // one for each patch
        /// From which change of the residual on a step is computed in full; nil: all steps are.
        let cacheThreshold: Float?
    }

    private let ranks: TransformerRanks
    private let parts: [GuidanceBranchPart]  // of each rank

    /// - Parameters:
    ///   - maximumText: rows of text that the workspace can hold, of whichever branch shares it.
    ///   - conditioning: made on each rank.
    init(
        _ ranks: TransformerRanks, _ target: Target, maximumText: Int, sourceRows: Int,
        _ conditioning: (DiffusionTransformer) throws -> DiffusionTransformer.Conditioning
    ) throws {
        self.ranks = ranks
        parts = try ranks.each {
            try GuidanceBranchPart($0, target, maximumText: maximumText, sourceRows: sourceRows, try conditioning($0))
        }
    }

    /// The other branch, on the same devices: it uses the same memory, one pass after the other.
    init(
        sharing branch: GuidanceBranch, _ target: Target, _ conditioning: (DiffusionTransformer) throws -> DiffusionTransformer.Conditioning
    ) throws {
        ranks = branch.ranks
        parts = try ranks.each { GuidanceBranchPart(sharing: branch.parts[$0.rank], target, try conditioning($0)) }
    }

    /// Whether the last step was computed in full.
    var isFull: Bool { parts[0].isFull }

    /// The velocity for `latents [image, channels · patch²]` at `time`; in the same layout.
    /// - Parameter step: which of how many of the picture, from 0; nil: none of them, and all blocks are computed.
    func velocity(_ latents: [Float], time: Float, step: (index: Int, count: Int)?, checkCancellation: () throws -> Void) throws -> [Float] {
        let velocities = try ranks.pass(checkCancellation: checkCancellation) { transformer, check in
            try parts[transformer.rank].velocity(latents, time: time, step: step, checkCancellation: check)
        }
        return velocities.count == 1 ? velocities[0] : Array(velocities.joined())
    }
}
