import Tensor

/// One block of the diffusion transformer: text and image rows share weights and attention and differ in modulation.
///
/// Reference: diffusers 0.42.1 `GlmImageTransformerBlock`. Rows are text first, then image.
struct TransformerBlock {
    let modulation: Linear      // [12 · hidden, timeSize]    norm1.linear
    let q, k, v, o: Linear      // [hidden, hidden]           attn1.{to_q,to_k,to_v,to_out.0}
    let up: Linear              // [4 · hidden, hidden]       ff.net.0.proj
    let down: Linear            // [hidden, 4 · hidden]       ff.net.2
    let attention: Attention

    static let normEpsilon: Float = 1e-5

    init(_ weights: WeightScope, _ configuration: TransformerConfiguration) throws {
        let hidden = configuration.hiddenSize
        modulation = try weights.linear("norm1.linear", from: configuration.timeSize, to: 12 * hidden)
        q = try weights.linear("attn1.to_q", from: hidden, to: hidden)
        k = try weights.linear("attn1.to_k", from: hidden, to: hidden)
        v = try weights.linear("attn1.to_v", from: hidden, to: hidden)
        o = try weights.linear("attn1.to_out.0", from: hidden, to: hidden)
        up = try weights.linear("ff.net.0.proj", from: hidden, to: 4 * hidden)
        down = try weights.linear("ff.net.2", from: 4 * hidden, to: hidden)
        attention = Attention(
            heads: configuration.heads, keyValueHeads: configuration.heads, headSize: configuration.headSize,
            scale: 1 / Float(configuration.headSize).squareRoot())
    }

    /// Adds the block to `pass.x`.
    func callAsFunction(_ pass: TransformerPass, layer: Int, on device: any Device) {
        let hidden = pass.x.columns
        modulation(pass.timeEmbedding, into: pass.modulation)
        let vectors = pass.modulation.reshaped(Shape(12 * hidden))
        /// The order of the twelve: shift, scale, gate of attention, then of the MLP, each for the image and then the text.
        func vector(_ index: Int) -> Tensor { vectors.elements(index * hidden..<(index + 1) * hidden) }

        modulate(pass, imageShift: vector(0), textShift: vector(1), imageScale: vector(2), textScale: vector(3), on: device)
        let keys = pass.keys.rows(pass.cachedRows..<pass.keys.rows)
        let values = pass.values.rows(pass.cachedRows..<pass.values.rows)
        q(pass.normed, into: pass.query)
        k(pass.normed, into: keys)
        v(pass.normed, into: values)
        for tensor in [pass.query, keys] {
            device.headLayerNorm(tensor, headSize: attention.headSize, epsilon: TransformerBlock.normEpsilon)
            device.rotate(tensor.rows(pass.imageRows), headSize: attention.headSize, cosine: pass.rotary.cosine, sine: pass.rotary.sine)
        }
        pass.exchangeCache(layer, keys: keys, values: values, on: device)
        device.attention(attention, query: pass.query, key: pass.keys, value: pass.values, into: pass.normed)
        addGated(o, pass.normed, pass, imageGate: vector(4), textGate: vector(5))

        modulate(pass, imageShift: vector(6), textShift: vector(7), imageScale: vector(8), textScale: vector(9), on: device)
        up(pass.normed, .store(.geluTanh), into: pass.inner)
        addGated(down, pass.inner, pass, imageGate: vector(10), textGate: vector(11))
    }

    private func modulate(_ pass: TransformerPass, imageShift: Tensor, textShift: Tensor, imageScale: Tensor, textScale: Tensor, on device: any Device) {
        for (rows, scale, shift) in [(pass.textRows, textScale, textShift), (pass.imageRows, imageScale, imageShift)] where !rows.isEmpty {
            device.modulatedLayerNorm(
                pass.x.rows(rows), scale: scale, shift: shift, epsilon: TransformerBlock.normEpsilon, into: pass.normed.rows(rows))
        }
    }

    private func addGated(_ linear: Linear, _ input: Tensor, _ pass: TransformerPass, imageGate: Tensor, textGate: Tensor) {
        for (rows, gate) in [(pass.textRows, textGate), (pass.imageRows, imageGate)] where !rows.isEmpty {
            linear(input.rows(rows), .addGated(gate), into: pass.x.rows(rows))
        }
    }
}
