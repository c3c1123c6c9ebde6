import Layers
import ModelConfiguration
import Tensor

/// One block of the vision tower: attention with rotary positions and SwiGLU, each behind an RMSNorm; no bias.
///
/// Reference: transformers 5.23 `Glm4vVisionBlock`.
struct VisionBlock {
    private let norm1, norm2: RMSNorm  // [hidden]
    private let qkv: Linear  // [3 · hidden, hidden]   attn.qkv
    private let projection: Linear  // [hidden, hidden]   attn.proj
    private let gateUp: GatedLinear  // [inner, hidden]   mlp.gate_proj, mlp.up_proj
    private let down: Linear  // [hidden, inner]   mlp.down_proj
    private let attention: Attention

    init(_ weights: WeightScope, _ configuration: GLM4VVisionConfiguration) throws {
        // Not intermediate_size, which is the merger's.
        let (hidden, inner) = (configuration.hiddenSize, configuration.outputSize)
        norm1 = try RMSNorm(weights.scope("norm1"), hidden, epsilon: configuration.normEpsilon)
        norm2 = try RMSNorm(weights.scope("norm2"), hidden, epsilon: configuration.normEpsilon)
        qkv = try weights.linear("attn.qkv", from: hidden, to: 3 * hidden, bias: configuration.attentionBias)
        projection = try weights.linear("attn.proj", from: hidden, to: hidden, bias: false)
        gateUp = try weights.gatedLinear("mlp.gate_proj", "mlp.up_proj", from: hidden, to: inner, .silu)
        down = try weights.linear("mlp.down_proj", from: inner, to: hidden, bias: false)
        attention = .scaled(heads: configuration.heads, keyValueHeads: configuration.heads, headSize: configuration.headSize)
    }

    /// Adds the block to `workspace.x [patches, hidden]`.
    func callAsFunction(_ workspace: VisionWorkspace, on device: any Device) {
        let hidden = workspace.x.columns
        norm1(workspace.x, into: workspace.normed)
        let qkv = workspace.scratch(columns: 3 * hidden)
        self.qkv(workspace.normed, into: qkv)
        let turned = device.rotated(qkv.columns(0..<2 * hidden), headSize: attention.headSize, by: workspace.rotary.rotation(.halves))
        device.attention(
            attention, query: turned.columns(0..<hidden), key: turned.columns(hidden..<2 * hidden), value: qkv.columns(2 * hidden..<3 * hidden),
            into: workspace.normed)
        projection(workspace.normed, .add, into: workspace.x)

        norm2(workspace.x, into: workspace.normed)
        let room = workspace.gatedRoom(rows: workspace.x.rows, columns: gateUp.outputs)
        gateUp(workspace.normed, room: room, into: room.gate)
        down(room.gate, .add, into: workspace.x)
    }
}
