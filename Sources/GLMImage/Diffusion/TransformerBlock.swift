import ModelConfiguration
import Layers
import Tensor

/// One block of the diffusion transformer: text and image rows share weights and attention and differ in modulation.
///
/// Reference: diffusers 0.42.1 `GlmImageTransformerBlock`. Rows are text first, then image.
struct TransformerBlock {
    let modulation: Linear  // [12 · hidden, timeSize]    norm1.linear
    let q, k, v, o: Linear  // [hidden, hidden]           attn1.{to_q,to_k,to_v,to_out.0}
    let up: Linear  // [4 · hidden, hidden]       ff.net.0.proj
    let down: Linear  // [hidden, 4 · hidden]       ff.net.2
    let attention: Attention

    static let normEpsilon: Float = 1e-5

    init(_ weights: WeightScope, _ configuration: TransformerConfiguration) throws {
        let hidden = configuration.hiddenSize
        modulation = try weights.linear("norm1.linear", from: configuration.timeEmbeddingSize, to: 12 * hidden)
        q = try weights.linear("attn1.to_q", from: hidden, to: hidden)
        k = try weights.linear("attn1.to_k", from: hidden, to: hidden)
        v = try weights.linear("attn1.to_v", from: hidden, to: hidden)
        o = try weights.linear("attn1.to_out.0", from: hidden, to: hidden)
        up = try weights.linear("ff.net.0.proj", from: hidden, to: 4 * hidden)
        down = try weights.linear("ff.net.2", from: 4 * hidden, to: hidden)
        attention = .scaled(heads: configuration.heads, keyValueHeads: configuration.heads, headSize: configuration.headSize)
    }

    /// Adds the block to `pass.x`.
    func callAsFunction(_ pass: ForwardPass, layer: Int, on device: any Device) {
        let hidden = pass.x.columns
        modulation(pass.timeEmbedding, into: pass.modulation)
        let vectors = pass.modulation.reshaped(Shape(12 * hidden))
        /// The order of the twelve: shift, scale, gate of attention, then of the MLP, each for the image and then the text.
        func vector(_ index: Int) -> Tensor { vectors.elements(index * hidden..<(index + 1) * hidden) }

        modulate(pass, pass.textRows, shift: vector(1), scale: vector(3), on: device)
        modulate(pass, pass.imageRows, shift: vector(0), scale: vector(2), on: device)
        q(pass.normed, into: pass.query)
        k(pass.normed, into: pass.ownKeys)
        v(pass.normed, into: pass.ownValues)
        // Only the image's rows, which are the last, have a place to turn by.
        for x in [pass.query, pass.ownKeys] {
            device.headLayerNorm(
                x, headSize: attention.headSize, epsilon: TransformerBlock.normEpsilon, rotatingEnd: pass.rotary.rotation(.halves))
        }
        pass.attend(attention, layer: layer, on: device)
        o(pass.normed, adding: [GatedRows(pass.textRows, gate: vector(5)), GatedRows(pass.imageRows, gate: vector(4))], to: pass.x)

        modulate(pass, pass.textRows, shift: vector(7), scale: vector(9), on: device)
        modulate(pass, pass.imageRows, shift: vector(6), scale: vector(8), on: device)
        up(pass.normed, .store(.geluTanh), into: pass.inner)
        down(pass.inner, adding: [GatedRows(pass.textRows, gate: vector(11)), GatedRows(pass.imageRows, gate: vector(10))], to: pass.x)
    }

    private func modulate(_ pass: ForwardPass, _ rows: Range<Int>, shift: Tensor, scale: Tensor, on device: any Device) {
        guard !rows.isEmpty else { return }
        device.modulatedLayerNorm(
            pass.x.rows(rows), scale: scale, shift: shift, epsilon: TransformerBlock.normEpsilon, into: pass.normed.rows(rows))
    }
}
