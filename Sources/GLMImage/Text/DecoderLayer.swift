import ModelConfiguration
import Tensor

/// One layer of the autoregressive decoder: attention and SwiGLU, each between two RMSNorms (a sandwich).
///
/// Reference: transformers 5.23 `GlmImageTextDecoderLayer`. Rotates split halves, unlike Glm4v's interleaved pairs.
struct DecoderLayer {
    let inputNorm, postAttentionNorm, preMLPNorm, postMLPNorm: RMSNorm
    let q: Linear  // [heads · headSize, hidden]            self_attn.q_proj
    let k, v: Linear  // [keyValueHeads · headSize, hidden]    self_attn.{k,v}_proj
    let o: Linear  // [hidden, heads · headSize]            self_attn.o_proj, no bias
    let gateUp: Linear  // [2 · inner, hidden], gate first       mlp.gate_up_proj, no bias
    let down: Linear  // [hidden, inner]                       mlp.down_proj, no bias
    let attention: Attention

    init(_ weights: WeightScope, _ configuration: TextConfiguration) throws {
        let hidden = configuration.hiddenSize
        let queries = configuration.heads * configuration.headSize
        let keys = configuration.keyValueHeads * configuration.headSize
        func norm(_ name: String) throws -> RMSNorm { try RMSNorm(weights.scope(name), hidden, epsilon: configuration.normEpsilon) }
        inputNorm = try norm("input_layernorm")
        postAttentionNorm = try norm("post_self_attn_layernorm")
        preMLPNorm = try norm("post_attention_layernorm")
        postMLPNorm = try norm("post_mlp_layernorm")
        q = try weights.linear("self_attn.q_proj", from: hidden, to: queries, bias: configuration.attentionBias)
        k = try weights.linear("self_attn.k_proj", from: hidden, to: keys, bias: configuration.attentionBias)
        v = try weights.linear("self_attn.v_proj", from: hidden, to: keys, bias: configuration.attentionBias)
        o = try weights.linear("self_attn.o_proj", from: queries, to: hidden, bias: false)
        gateUp = try weights.linear("mlp.gate_up_proj", from: hidden, to: 2 * configuration.intermediateSize, bias: false)
        down = try weights.linear("mlp.down_proj", from: configuration.intermediateSize, to: hidden, bias: false)
        attention = Attention(
            heads: configuration.heads, keyValueHeads: configuration.keyValueHeads, headSize: configuration.headSize,
            scale: 1 / Float(configuration.headSize).squareRoot(), mask: .causal)
    }

    /// Adds the layer to `workspace.x [rows, hidden]`; the rows' keys and values go to their places in this layer's pools.
    func callAsFunction(_ workspace: DecoderWorkspace, _ pass: DecoderPass, keys: Tensor, values: Tensor, on device: any Device) {
        let (headSize, rotary) = (attention.headSize, workspace.rotary)
        inputNorm(workspace.x, into: workspace.normed)
        q(workspace.normed, into: workspace.query)
        k(workspace.normed, into: workspace.key)
        v(workspace.normed, into: workspace.value)
        device.rotate(workspace.query, headSize: headSize, cosine: rotary.cosine, sine: rotary.sine)
        device.rotate(workspace.key, headSize: headSize, cosine: rotary.cosine, sine: rotary.sine)
        switch pass {
        case .stretch(let rows, let past):
            device.scatter(workspace.key, rows: rows.suffix(workspace.x.rows), into: keys)
            device.scatter(workspace.value, rows: rows.suffix(workspace.x.rows), into: values)
            device.embed(rows, table: keys, into: past.keys)
            device.embed(rows, table: values, into: past.values)
            device.attention(attention, query: workspace.query, key: past.keys, value: past.values, into: workspace.attended)
        case .step(let rows, let pages):
            device.scatter(workspace.key, rows: rows, into: keys)
            device.scatter(workspace.value, rows: rows, into: values)
            device.pagedAttention(attention, query: workspace.query, keys: keys, values: values, pages: pages, into: workspace.attended)
        }
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
}

/// Whose rows a pass computes, and where their keys and values lie in the pool.
enum DecoderPass {
    /// The next rows of one sequence. `rows` are all its rows in the pool, the pass's own last; `past` takes their keys and values.
    case stretch(rows: [Int32], past: (keys: Tensor, values: Tensor))
    /// The next row of each of several sequences. `pages` counts it in.
    case step(rows: [Int32], pages: PageTable)
}

/// RMSNorm with weight.
struct RMSNorm {
    let device: any Device
    let weight: Tensor  // [size]
    let epsilon: Float

    init(_ weights: WeightScope, _ size: Int, epsilon: Float) throws {
        device = weights.device
        weight = try weights.vector("weight", size)
        self.epsilon = epsilon
    }

    func callAsFunction(_ x: Tensor, into y: Tensor) { device.rmsNorm(x, weight: weight, epsilon: epsilon, into: y) }

    /// `y += norm(x)`.
    func add(_ x: Tensor, to y: Tensor) { device.addRMSNorm(x, weight: weight, epsilon: epsilon, to: y) }
}

/// The decoder's activations for up to some rows, f32.
struct DecoderWorkspace {
    let x, normed: Tensor  // [rows, hidden]
    let query, attended: Tensor  // [rows, heads · headSize]
    let key, value: Tensor  // [rows, keyValueHeads · headSize]
    let gateUp: Tensor  // [rows, 2 · inner]
    let inner: Tensor  // [rows, inner]
    let rotary: RotaryTable  // [rows, pairs]

    init(rows: Int, _ configuration: TextConfiguration, on device: any Device) {
        func make(_ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), .f32) }
        x = make(configuration.hiddenSize)
        normed = make(configuration.hiddenSize)
        query = make(configuration.heads * configuration.headSize)
        attended = make(configuration.heads * configuration.headSize)
        key = make(configuration.keyValueHeads * configuration.headSize)
        value = make(configuration.keyValueHeads * configuration.headSize)
        gateUp = make(2 * configuration.intermediateSize)
        inner = make(configuration.intermediateSize)
        let pairs = configuration.rope.sections.reduce(0, +)
        rotary = RotaryTable(cosine: make(pairs), sine: make(pairs))
    }

    private init(_ larger: DecoderWorkspace, rows: Int) {
        func first(_ tensor: Tensor) -> Tensor { tensor.prefix(Shape(rows, tensor.columns)) }
        x = first(larger.x)
        normed = first(larger.normed)
        query = first(larger.query)
        attended = first(larger.attended)
        key = first(larger.key)
        value = first(larger.value)
        gateUp = first(larger.gateUp)
        inner = first(larger.inner)
        rotary = RotaryTable(cosine: first(larger.rotary.cosine), sine: first(larger.rotary.sine))
    }

    /// The same memory for fewer rows.
    func prefix(rows: Int) -> DecoderWorkspace { rows == x.rows ? self : DecoderWorkspace(self, rows: rows) }
}
