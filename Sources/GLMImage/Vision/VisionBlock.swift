import ModelConfiguration
import Layers
import Tensor

/// One block of the vision tower: pre-norm attention and a two-layer MLP, all with bias; no rotary positions.
///
/// Reference: transformers 5.23 `GlmImageVisionBlock`.
struct VisionBlock {
    let norm1, norm2: LayerNorm  // [hidden]
    let qkv: Linear  // [3 · hidden, hidden]   attn.qkv
    let projection: Linear  // [hidden, hidden]       attn.proj
    let fc1: Linear  // [inner, hidden]        mlp.fc1
    let fc2: Linear  // [hidden, inner]        mlp.fc2
    let attention: Attention

    init(_ weights: WeightScope, _ configuration: VisionConfiguration) throws {
        let hidden = configuration.hiddenSize
        norm1 = try LayerNorm(weights.scope("norm1"), hidden, epsilon: configuration.normEpsilon)
        norm2 = try LayerNorm(weights.scope("norm2"), hidden, epsilon: configuration.normEpsilon)
        qkv = try weights.linear("attn.qkv", from: hidden, to: 3 * hidden, bias: configuration.attentionBias)
        projection = try weights.linear("attn.proj", from: hidden, to: hidden, bias: configuration.attentionBias)
        fc1 = try weights.linear("mlp.fc1", from: hidden, to: configuration.intermediateSize)
        fc2 = try weights.linear("mlp.fc2", from: configuration.intermediateSize, to: hidden)
        attention = .scaled(heads: configuration.heads, keyValueHeads: configuration.heads, headSize: hidden / configuration.heads)
    }

    /// Adds the block to `workspace.x`, `[patches, hidden]`; attention stays within each image's range of rows.
    func callAsFunction(_ workspace: VisionWorkspace, images: [Range<Int>], on device: any Device) {
        let hidden = workspace.x.columns
        norm1(workspace.x, into: workspace.normed)
        qkv(workspace.normed, into: workspace.qkv)
        for rows in images {
            let image = workspace.qkv.rows(rows)
            device.attention(
                attention, query: image.columns(0..<hidden), key: image.columns(hidden..<2 * hidden),
                value: image.columns(2 * hidden..<3 * hidden), into: workspace.normed.rows(rows))
        }
        projection(workspace.normed, .add, into: workspace.x)
        norm2(workspace.x, into: workspace.normed)
        fc1(workspace.normed, .store(.gelu), into: workspace.inner)
        fc2(workspace.inner, .add, into: workspace.x)
    }
}

/// The tower's activations for one call.
struct VisionWorkspace {
    let x: Tensor  // [patches, hidden]
    let normed: Tensor  // [patches, hidden]; also the attention's output
    let qkv: Tensor  // [patches, 3 · hidden]
    let inner: Tensor  // [patches, inner]

    init(patches: Int, _ configuration: VisionConfiguration, _ type: DType, on device: any Device) {
        x = device.makeTensor(Shape(patches, configuration.hiddenSize), type)
        normed = device.makeTensor(x.shape, type)
        qkv = device.makeTensor(Shape(patches, 3 * configuration.hiddenSize), type)
        inner = device.makeTensor(Shape(patches, configuration.intermediateSize), type)
    }
}
