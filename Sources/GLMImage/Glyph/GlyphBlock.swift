import ModelConfiguration
import Layers
import Tensor

/// One T5 encoder block: pre-norm attention with a relative bias and no scaling, then a gated GELU; no biases.
///
/// Reference: transformers 5.23 `T5Block`, `T5DenseGatedActDense` with `gelu_new`.
struct GlyphBlock {
    let attentionNorm: RMSNorm  // layer.0.layer_norm
    let q, k, v: Linear  // [heads · headSize, hidden]   layer.0.SelfAttention.{q,k,v}
    let o: Linear  // [hidden, heads · headSize]   layer.0.SelfAttention.o
    let feedForwardNorm: RMSNorm  // layer.1.layer_norm
    let gateUp: GatedLinear  // [inner, hidden]              layer.1.DenseReluDense.wi_0, wi_1
    let down: Linear  // [hidden, inner]              layer.1.DenseReluDense.wo

    init(_ weights: WeightScope, _ configuration: GlyphConfiguration) throws {
        let hidden = configuration.hiddenSize
        let heads = configuration.heads * configuration.headSize
        let attention = weights.scope("layer.0.SelfAttention")
        let feedForward = weights.scope("layer.1.DenseReluDense")
        attentionNorm = try RMSNorm(weights.scope("layer.0.layer_norm"), hidden, epsilon: configuration.normEpsilon)
        q = try attention.linear("q", from: hidden, to: heads, bias: false)
        k = try attention.linear("k", from: hidden, to: heads, bias: false)
        v = try attention.linear("v", from: hidden, to: heads, bias: false)
        o = try attention.linear("o", from: heads, to: hidden, bias: false)
        feedForwardNorm = try RMSNorm(weights.scope("layer.1.layer_norm"), hidden, epsilon: configuration.normEpsilon)
        gateUp = try feedForward.gatedLinear("wi_0", "wi_1", from: hidden, to: configuration.intermediateSize, .geluTanh)
        down = try feedForward.linear("wo", from: configuration.intermediateSize, to: hidden, bias: false)
    }

    /// Adds the block to `workspace.x [bytes, hidden]`.
    func callAsFunction(_ workspace: GlyphWorkspace, _ attention: Attention, on device: any Device) {
        attentionNorm(workspace.x, into: workspace.normed)
        q(workspace.normed, into: workspace.query)
        k(workspace.normed, into: workspace.key)
        v(workspace.normed, into: workspace.value)
        device.attention(attention, query: workspace.query, key: workspace.key, value: workspace.value, into: workspace.attended)
        o(workspace.attended, .add, into: workspace.x)
        feedForwardNorm(workspace.x, into: workspace.normed)
        gateUp(workspace.normed, room: workspace.wide, into: workspace.wide.gate)
        down(workspace.wide.gate, .add, into: workspace.x)
    }
}

/// The encoder's activations for one string.
struct GlyphWorkspace {
    let x, normed: Tensor  // [bytes, hidden]
    let query, key, value, attended: Tensor  // [bytes, heads · headSize]
    let wide: GatedRoom  // [bytes, inner]

    init(rows: Int, _ configuration: GlyphConfiguration, _ type: DType, on device: any Device) {
        func make(_ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), type) }
        let heads = configuration.heads * configuration.headSize
        x = make(configuration.hiddenSize)
        normed = make(configuration.hiddenSize)
        query = make(heads)
        key = make(heads)
        value = make(heads)
        attended = make(heads)
        wide = GatedRoom(gate: make(configuration.intermediateSize), up: make(configuration.intermediateSize))
    }
}
