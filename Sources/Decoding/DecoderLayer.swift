import Layers
import Tensor

/// One layer of the autoregressive decoder: attention and SwiGLU, each between two RMSNorms (a sandwich).
///
/// Reference: transformers 5.23 `GlmImageTextDecoderLayer`, which rotates split halves, and `Glm4vTextDecoderLayer`, which rotates
/// interleaved pairs.
struct DecoderLayer {
    let inputNorm: RMSNorm
    private let postAttentionNorm, preMLPNorm, postMLPNorm: RMSNorm
    private let q: Linear  // [heads · headSize, hidden]            self_attn.q_proj
    private let k, v: Linear  // [keyValueHeads · headSize, hidden]    self_attn.{k,v}_proj
    private let o: Linear  // [hidden, heads · headSize]            self_attn.o_proj, no bias
    private let gateUp: Linear  // [2 · inner, hidden], gate first       mlp.gate_up_proj, no bias
    private let down: Linear  // [hidden, inner]                       mlp.down_proj, no bias
    private let attention: Attention
    private let rotaryStyle: RotaryStyle

    init(_ weights: WeightScope, _ configuration: DecoderConfiguration) throws {
        let (hidden, inner, bias) = (configuration.hiddenSize, configuration.intermediateSize, configuration.attentionBias)
        func norm(_ name: String) throws -> RMSNorm { try RMSNorm(weights.scope(name), hidden, epsilon: configuration.normEpsilon) }
        inputNorm = try norm("input_layernorm")
        postAttentionNorm = try norm("post_self_attn_layernorm")
        preMLPNorm = try norm("post_attention_layernorm")
        postMLPNorm = try norm("post_mlp_layernorm")
        q = try weights.linear("self_attn.q_proj", from: hidden, to: configuration.querySize, bias: bias)
        k = try weights.linear("self_attn.k_proj", from: hidden, to: configuration.keyValueSize, bias: bias)
        v = try weights.linear("self_attn.v_proj", from: hidden, to: configuration.keyValueSize, bias: bias)
        o = try weights.linear("self_attn.o_proj", from: configuration.querySize, to: hidden, bias: false)
        gateUp = try weights.linear("mlp.gate_up_proj", from: hidden, to: 2 * inner, bias: false)
        down = try weights.linear("mlp.down_proj", from: inner, to: hidden, bias: false)
        attention = .scaled(
            heads: configuration.heads, keyValueHeads: configuration.keyValueHeads, headSize: configuration.headSize, mask: .causal)
        rotaryStyle = configuration.rotary.style
    }

    /// Adds the layer to `workspace.x [rows, hidden]`; the rows' keys and values are stored in this layer's part of the pool.
    ///
    /// `workspace.normed` is `inputNorm` of `workspace.x` before, and `next` of it behind: where a device adds and norms in one operator, one
    /// layer's last sum and the next layer's first norm are one.
    func callAsFunction(_ workspace: DecoderWorkspace, _ pass: DecoderPass, keys: Tensor, values: Tensor, then next: RMSNorm, on device: any Device) {
        q(workspace.normed, into: workspace.query)
        k(workspace.normed, into: workspace.key)
        v(workspace.normed, into: workspace.value)
        let rotation = workspace.rotary.rotation(rotaryStyle)
        let query = device.rotated(workspace.query, headSize: attention.headSize, by: rotation)
        let key = device.rotated(workspace.key, headSize: attention.headSize, by: rotation)
        attend(workspace, query: query, key: key, pass, keys: keys, values: values, on: device)
        o(workspace.attended, into: workspace.normed)
        var x = postAttentionNorm.add(workspace.normed, to: workspace.x, room: nil, then: preMLPNorm, into: workspace.normed)

        gateUp(workspace.normed, into: workspace.gateUp)
        let inner = workspace.gateUp.columns / 2
        device.gated(
            .silu, gate: workspace.gateUp.columns(0..<inner), up: workspace.gateUp.columns(inner..<2 * inner), into: workspace.inner)
        down(workspace.inner, into: workspace.normed)
        x = postMLPNorm.add(workspace.normed, to: x, room: workspace.x, then: next, into: workspace.normed)
        // Two moves have brought it back, unless the device refused one of them.
        if x.address != workspace.x.address { device.copy(x, to: workspace.x) }
    }

    private func attend(
        _ workspace: DecoderWorkspace, query: Tensor, key: Tensor, _ pass: DecoderPass, keys: Tensor, values: Tensor, on device: any Device
    ) {
        switch pass {
        case .prefill(let rows, let past):
            device.scatter(key, rows: rows.suffix(workspace.x.rows), into: keys)
            device.scatter(workspace.value, rows: rows.suffix(workspace.x.rows), into: values)
            device.embed(rows, table: keys, into: past.keys)
            device.embed(rows, table: values, into: past.values)
            device.attention(attention, query: query, key: past.keys, value: past.values, into: workspace.attended)
        case .decode(let rows, let pages):
            device.scatter(key, rows: rows, into: keys)
            device.scatter(workspace.value, rows: rows, into: values)
            device.pagedAttention(attention, query: query, keys: keys, values: values, pages: pages, into: workspace.attended)
        }
    }
}

/// The rows that a pass computes, and where their keys and values are in the pool.
enum DecoderPass {
    /// A prefill chunk: the next rows of one sequence. `rows` are the places of all its rows in the pool, the pass's own last; `past`
    /// receives their keys and values, `[rows, keyValueHeads · headSize]`, activations.
    case prefill(rows: [Int32], past: (keys: Tensor, values: Tensor))
    /// The next row of each of several sequences. The lengths in `pages` include it.
    case decode(rows: [Int32], pages: PageTable)
}
