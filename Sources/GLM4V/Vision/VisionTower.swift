package import Domain
import Layers
package import ModelConfiguration
package import Tensor

/// The vision transformer that sees the images of a question, with the merger behind it.
///
/// Reference: transformers 5.23 `Glm4vVisionModel`. An image passes through ``embed(_:_:)``, ``transform(_:checkCancellation:)``,
/// ``downsample(_:)`` and ``merge(_:_:)`` in this order.
package struct VisionTower {
    package let configuration: GLM4VVisionConfiguration
    private let device: any Device
    private let embedding: PatchEmbedding
    private let blocks: [VisionBlock]
    private let norm: RMSNorm  // [hidden]   post_layernorm
    private let merger: PatchMerger

    init(_ weights: WeightScope, _ configuration: GLM4VVisionConfiguration) throws {
        self.configuration = configuration
        device = weights.device
        embedding = try PatchEmbedding(weights, configuration)
        blocks = try (0..<configuration.depth).map { try VisionBlock(weights.scope("blocks.\($0)"), configuration) }
        norm = try RMSNorm(weights.scope("post_layernorm"), configuration.hiddenSize, epsilon: configuration.normEpsilon)
        merger = try PatchMerger(weights, configuration)
    }

    /// The first block's input, in the workspace's `x [patches, hidden]`.
    /// - Parameters:
    ///   - patches: normalised pixels of one frame, `[patches, 3 · patch · patch]`, in the order of ``PatchGrid``.
    ///   - cells: of the image.
    package func embed(_ patches: [Float], _ cells: GridSize) -> VisionWorkspace {
        let grid = PatchGrid(cells: cells, mergeSize: configuration.mergeSize)
        let workspace = VisionWorkspace(grid, configuration, merger.activationType, on: device)
        embedding(patches, grid, workspace)
        return workspace
    }

    /// Passes `workspace.x` through all blocks and the norm behind them.
    /// - Parameter checkCancellation: called before each block.
    package func transform(_ workspace: VisionWorkspace, checkCancellation: () throws -> Void) throws {
        for block in blocks {
            try checkCancellation()
            block(workspace, on: device)
        }
        norm(workspace.x, into: workspace.x)
    }

    /// `workspace.x` to `[cells, out]`, before the merger.
    package func downsample(_ workspace: VisionWorkspace) -> Tensor { merger.downsampled(workspace.x) }

    /// `cells [cells, out]` to the rows that the decoder reads, of the same shape.
    package func merge(_ cells: Tensor, _ workspace: VisionWorkspace) -> Tensor { merger.merged(cells, workspace) }

    /// All of it: `[cells, out]`, activations.
    package func callAsFunction(_ patches: [Float], _ cells: GridSize, checkCancellation: () throws -> Void) throws -> Tensor {
        let workspace = embed(patches, cells)
        try transform(workspace, checkCancellation: checkCancellation)
        try checkCancellation()
        return merge(downsample(workspace), workspace)
    }
}
