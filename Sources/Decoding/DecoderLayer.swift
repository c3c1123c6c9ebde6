import Layers
import Tensor

/// One layer of the autoregressive decoder: attention and SwiGLU, each between two RMSNorms (a sandwich).
///
/// Reference: transformers 5.23 `GlmImageTextDecoderLayer`, which rotates split halves, and `Glm4vTextDecoderLayer`, which rotates
/// interleaved pairs.
struct DecoderLayer {
    private let inputNorm, postAttentionNorm, preMLPNorm, postMLPNorm: RMSNorm
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
    func callAsFunction(_ workspace: DecoderWorkspace, _ pass: DecoderPass, keys: Tensor, values: Tensor, on device: any Device) {
        inputNorm(workspace.x, into: workspace.normed)
        q(workspace.normed, into: workspace.query)
        k(workspace.normed, into: workspace.key)
        v(workspace.normed, into: workspace.value)
        for x in [workspace.query, workspace.key] { workspace.rotary.rotate(x, headSize: attention.headSize, style: rotaryStyle, on: device) }
        attend(workspace, pass, keys: keys, values: values, on: device)
        o(workspace.attended, into: workspace.normed)
        postAttentionNorm.add(workspace.normed, to: workspace.x)

        preMLPNorm(workspace.x, into: workspace.normed)
        gateUp(workspace.normed, into: workspace.gateUp)
        let inner = workspace.gateUp.columns / 2
        device.gated(
            .silu, gate: workspace.gateUp.columns(0..<inner), up: workspace.gateUp.columns(inner..<2 * inner), into: workspace.inner)
        down(workspace.inner, into: workspace.normed)
        postMLPNorm.add(workspace.normed, to: workspace.x)
    }

    private func attend(_ workspace: DecoderWorkspace, _ pass: DecoderPass, keys: Tensor, values: Tensor, on device: any Device) {
        switch pass {
        case .prefill(let rows, let past):
            device.scatter(workspace.key, rows: rows.suffix(workspace.x.rows), into: keys)
            device.scatter(workspace.value, rows: rows.suffix(workspace.x.rows), into: values)
            device.embed(rows, table: keys, into: past.keys)
            device.embed(rows, table: values, into: past.values)
            device.attention(attention, query: workspace.query, key: past.keys, value: past.values, into: workspace.attended)
        case .decode(let inputs):
            device.scatter(workspace.key, rows: inputs.rows, into: keys)
            device.scatter(workspace.value, rows: inputs.rows, into: values)
            device.pagedAttention(attention, query: workspace.query, keys: keys, values: values, pages: inputs.pages, into: workspace.attended)
        }
    }
}

/// The rows that a pass computes, and where their keys and values are in the pool.
enum DecoderPass {
    /// A prefill chunk: the next rows of one sequence. `rows` are the places of all its rows in the pool, the pass's own last; `past`
    /// receives their keys and values, `[rows, keyValueHeads · headSize]`, f32.
    case prefill(rows: [Int32], past: (keys: Tensor, values: Tensor))
    /// The next row of each of several sequences. The lengths in its pages include it.
    case decode(DecodeInputs.Step)
}
