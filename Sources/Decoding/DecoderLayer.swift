import Layers
import ModelConfiguration
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
    private let o: DividedProduct  // [hidden, heads · headSize]            self_attn.o_proj, no bias
    private let gateUp: GatedLinear  // [2 · inner, hidden], gate first       mlp.gate_up_proj, no bias
    private let down: DividedProduct  // [hidden, inner]                       mlp.down_proj, no bias
    private let attention: Attention
    private let rotaryStyle: RotaryStyle

    /// - Parameters:
    ///   - configuration: of the whole decoder.
    ///   - share: what the rank has of it.
    init(
        _ weights: WeightScope, _ configuration: DecoderConfiguration, _ share: DecoderShare, _ communicator: (any Communicator)?
    ) throws {
        let (hidden, inner, bias) = (configuration.hiddenSize, configuration.intermediateSize, configuration.attentionBias)
        let rank = communicator?.rank ?? 0, device = weights.device
        func columns(_ heads: Range<Int>) -> Range<Int> { heads.lowerBound * configuration.headSize..<heads.upperBound * configuration.headSize }
        let queries = columns(share.heads(of: rank)), keys = columns(share.keyValueHeads(of: rank)), own = share.inner(of: rank)
        func norm(_ name: String) throws -> RMSNorm { try RMSNorm(weights.scope(name), hidden, epsilon: configuration.normEpsilon) }
        inputNorm = try norm("input_layernorm")
        postAttentionNorm = try norm("post_self_attn_layernorm")
        preMLPNorm = try norm("post_attention_layernorm")
        postMLPNorm = try norm("post_mlp_layernorm")
        q = try weights.linear("self_attn.q_proj", from: hidden, to: configuration.querySize, rows: queries, bias: bias)
        k = try weights.linear("self_attn.k_proj", from: hidden, to: configuration.keyValueSize, rows: keys, bias: bias)
        v = try weights.linear("self_attn.v_proj", from: hidden, to: configuration.keyValueSize, rows: keys, bias: bias)
        func summed(_ name: String, over inputs: Int, _ columns: Range<Int>) throws -> DividedProduct {
            DividedProduct(try weights.linear(name, from: inputs, columns: columns, to: hidden, bias: false), communicator, on: device)
        }
        o = try summed("self_attn.o_proj", over: configuration.querySize, queries)
        // Of one of several ranks its own rows of both halves.
        func rows(_ rows: Range<Int>) throws -> MatrixWeight {
            try weights.linear("mlp.gate_up_proj", from: hidden, to: 2 * inner, rows: rows, bias: false).weight
        }
        let gated: GatedWeight =
            share.ranks == 1
            ? .joined(try rows(0..<2 * inner)) : .apart(gate: try rows(own), up: try rows(own.lowerBound + inner..<own.upperBound + inner))
        gateUp = GatedLinear(device: device, weight: gated, .silu)
        down = try summed("mlp.down_proj", over: inner, own)
        attention = .scaled(
            heads: share.heads, keyValueHeads: share.keyValueHeads, headSize: configuration.headSize, mask: .causal)
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
        o(workspace.attended, summing: workspace.sum, into: workspace.normed)
        var x = postAttentionNorm.add(workspace.normed, to: workspace.x, room: nil, then: preMLPNorm, into: workspace.normed)

        gateUp(workspace.normed, room: GatedRoom(workspace.gateUp), into: workspace.inner)
        down(workspace.inner, summing: workspace.sum, into: workspace.normed)
        x = postMLPNorm.add(workspace.normed, to: x, room: workspace.x, then: next, into: workspace.normed)
        // Each sum may be in other memory. Two such moves end in the workspace again; where the device made only one, a copy does.
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
        case .decode(let inputs):
            device.scatter(key, rows: inputs.rows, into: keys)
            device.scatter(workspace.value, rows: inputs.rows, into: values)
            device.pagedAttention(attention, query: query, keys: keys, values: values, pages: inputs.pages, into: workspace.attended)
        }
    }
}

/// The rows that a pass computes, and where their keys and values are in the pool.
enum DecoderPass {
    /// A prefill chunk: the next rows of one sequence. `rows` are the places of all its rows in the pool, the pass's own last; `past`
    /// receives their keys and values, `[rows, keyValueHeads · headSize]`, activations.
    case prefill(rows: [Int32], past: (keys: Tensor, values: Tensor))
    /// The next row of each of several sequences. The lengths in its pages include it.
    case decode(DecodeInputs.Step)
}
