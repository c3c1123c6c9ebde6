import Checkpoint
import Layers
import ModelConfiguration
import Tensor

/// Pixels to the first block's input: a product, RMSNorm, and only then the positions.
///
/// Reference: transformers 5.23 `Glm4vVisionPatchEmbed`, `post_conv_layernorm` and `Glm4vVisionEmbeddings`. A convolution whose stride is
/// its kernel is a product over flattened patches; all frames of a still are equal, so its kernel is summed over them.
struct PatchEmbedding {
    private let device: any Device
    private let projection: Linear  // [hidden, 3 · patch · patch]   patch_embed.proj
    private let norm: RMSNorm  // [hidden]   post_conv_layernorm
    private let positions: PositionTable  // embeddings

    init(_ weights: WeightScope, _ configuration: GLM4VVisionConfiguration) throws {
        device = weights.device
        let scope = weights.scope("patch_embed.proj")
        projection = Linear(
            device: device, weight: try Self.kernel(scope, configuration), bias: try scope.vector("bias", configuration.hiddenSize))
        norm = try RMSNorm(weights.scope("post_conv_layernorm"), configuration.hiddenSize, epsilon: configuration.normEpsilon)
        positions = try PositionTable(weights.scope("embeddings"), configuration)
    }

    /// Writes the embedded `patches [grid.count, 3 · patch · patch]` to `workspace.x`.
    func callAsFunction(_ patches: [Float], _ grid: PatchGrid, _ workspace: VisionWorkspace) {
        let pixels = workspace.scratch(columns: projection.weight.inputs)
        device.write(patches, to: pixels)
        projection(pixels, into: workspace.normed)
        device.write(positions.sample(grid), to: workspace.x)
        norm.add(workspace.normed, to: workspace.x)
    }

    /// `[hidden, 3, frames, patch, patch]` summed over the frames, in f32: a sum of two bf16 is none.
    private static func kernel(_ scope: WeightScope, _ configuration: GLM4VVisionConfiguration) throws -> MatrixWeight {
        let (hidden, channels, patch) = (configuration.hiddenSize, configuration.channels, configuration.patchSize)
        let (frames, area) = (configuration.temporalPatchSize, patch * patch)
        let values = try scope.map.take(scope.prefix + "weight", extents: [hidden, channels, frames, patch, patch]).hostFloats()
        var sums = [Float](repeating: 0, count: hidden * channels * area)
        for plane in 0..<hidden * channels {
            for frame in 0..<frames {
                for index in 0..<area { sums[plane * area + index] += values[(plane * frames + frame) * area + index] }
            }
        }
        return MatrixWeight(scope.device.makeTensor(sums, Shape(hidden, channels * area)))
    }
}
