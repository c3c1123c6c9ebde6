package import Domain
package import ModelConfiguration
import Checkpoint
import Layers
package import Tensor

/// The vision transformer that sees source images.
///
/// Reference: transformers 5.23 `GlmImageVisionModel`.
package struct VisionTower {
    package let configuration: VisionConfiguration
    private let device: any Device
    private let patchEmbedding: Linear  // [hidden, 3 · patch · patch]
    private let positions: PositionTable
    private let blocks: [VisionBlock]

    init(_ weights: WeightScope, _ configuration: VisionConfiguration) throws {
        self.configuration = configuration
        device = weights.device
        let patch = configuration.patchSize
        let embedding = weights.scope("patch_embed.proj")
        // A convolution whose stride is its kernel is a product over flattened patches.
        let kernel = try weights.map.take(embedding.prefix + "weight", Shape([configuration.hiddenSize, configuration.channels, patch, patch]))
        patchEmbedding = Linear(
            device: device,
            weight: MatrixWeight(device.place(kernel.reshaped(Shape(configuration.hiddenSize, configuration.channels * patch * patch)))),
            bias: try embedding.vector("bias", configuration.hiddenSize))
        positions = try PositionTable(weights.scope("embeddings"), configuration)
        blocks = try (0..<configuration.depth).map { try VisionBlock(weights.scope("blocks.\($0)"), configuration) }
    }

    /// - Parameters:
    ///   - patches: normalised pixels, `[patches, 3 · patch · patch]`, all images packed in raster order.
    ///   - grids: each image's extents in patches; attention never crosses an image.
    ///   - checkCancellation: called before each block.
    /// - Returns: the last hidden state, `[patches, hidden]`, activations.
    package func callAsFunction(_ patches: [Float], grids: [GridSize], checkCancellation: () throws -> Void) throws -> Tensor {
        let count = grids.reduce(0) { $0 + $1.count }
        let type = device.activationType(beside: patchEmbedding.weight.elements)
        let workspace = VisionWorkspace(patches: count, configuration, type, on: device)
        let pixels = device.makeTensor(patches, Shape(count, patchEmbedding.weight.inputs), type)
        device.write(grids.flatMap(positions.sample), to: workspace.x)
        patchEmbedding(pixels, .add, into: workspace.x)

        var images: [Range<Int>] = []
        for grid in grids {
            let start = images.last?.upperBound ?? 0
            images.append(start..<start + grid.count)
        }
        for block in blocks {
            try checkCancellation()
            block(workspace, images: images, on: device)
        }
        return workspace.x
    }
}
