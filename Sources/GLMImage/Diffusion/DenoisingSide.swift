import Tensor

/// One side of guidance on its device: what to draw, prepared once, and the memory of its passes.
struct DenoisingSide {
    /// What both sides have in common.
    struct Picture {
        let height, width: Int  // pixels
        let grid: GridSize  // of patches
        let codes: [Int32]  // one for each patch
    }

    private let transformer: DiffusionTransformer
    private let session: DiffusionTransformer.Session
    private let branch: DiffusionTransformer.Branch

    /// - Parameter maximumText: rows of text that the session is to bear, of whichever side shares it.
    init(_ transformer: DiffusionTransformer, _ picture: Picture, maximumText: Int, cachedRows: Int, _ branch: () -> DiffusionTransformer.Branch) {
        self.transformer = transformer
        self.branch = branch()
        session = transformer.makeSession(
            height: picture.height, width: picture.width, grid: picture.grid, maximumText: maximumText, cachedRows: cachedRows)
    }

    /// The other side, on the same device: it uses the same memory, one pass after the other.
    init(sharing side: DenoisingSide, _ branch: DiffusionTransformer.Branch) {
        transformer = side.transformer
        session = side.session
        self.branch = branch
    }

    /// The velocity for `latents [image, channels · patch²]` at `time`; likewise laid out.
    func velocity(_ latents: [Float], time: Float, checkCancellation: () throws -> Void) throws -> [Float] {
        try transformer.velocity(session, branch, latents: latents, time: time, checkCancellation: checkCancellation)
    }
}
