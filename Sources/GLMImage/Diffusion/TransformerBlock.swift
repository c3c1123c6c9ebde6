import ModelConfiguration
import Layers
import Tensor

/// One block of the diffusion transformer: text and image rows share weights and attention and differ in modulation.
///
/// Reference: diffusers 0.42.1 `GlmImageTransformerBlock`. Rows are text first, then image.
struct TransformerBlock {
    let modulation: Linear  // [12 · hidden, timeSize]    norm1.linear
    let q, k, v: Linear  // [hidden, hidden]           attn1.{to_q,to_k,to_v}; of a rank's heads
    let o: DividedProduct  // [hidden, hidden]           attn1.to_out.0
    let up: Linear  // [4 · hidden, hidden]       ff.net.0.proj; of a rank's inner columns
    let down: DividedProduct  // [hidden, 4 · hidden]       ff.net.2
    let attention: Attention

    static let normEpsilon: Float = 1e-5

    /// - Parameters:
    ///   - share: what the rank has of it.
    ///   - communicator: of the rank; nil where there is one.
    init(
        _ weights: WeightScope, _ configuration: TransformerConfiguration, _ share: TransformerShare, _ communicator: (any Communicator)?
    ) throws {
        let hidden = configuration.hiddenSize, rank = communicator?.rank ?? 0
        let heads = share.columns(hidden, of: rank), inner = share.columns(4 * hidden, of: rank)
        func some(_ name: String, of outputs: Int, _ rows: Range<Int>) throws -> Linear {
            try weights.linear(name, from: hidden, to: outputs, rows: rows, bias: true)
        }
        func summed(_ name: String, over inputs: Int, _ columns: Range<Int>) throws -> DividedProduct {
            DividedProduct(
                try weights.linear(name, from: inputs, columns: columns, to: hidden, bias: true), share.headRanks > 1 ? communicator : nil,
                on: weights.device)
        }
        modulation = try weights.linear("norm1.linear", from: configuration.timeEmbeddingSize, to: 12 * hidden)
        q = try some("attn1.to_q", of: hidden, heads)
        k = try some("attn1.to_k", of: hidden, heads)
        v = try some("attn1.to_v", of: hidden, heads)
        o = try summed("attn1.to_out.0", over: hidden, heads)
        up = try some("ff.net.0.proj", of: 4 * hidden, inner)
        down = try summed("ff.net.2", over: 4 * hidden, inner)
        let own = heads.count / configuration.headSize
        attention = .scaled(heads: own, keyValueHeads: own, headSize: configuration.headSize)
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
        o(
            pass.attended, adding: [GatedRows(pass.textRows, gate: vector(5)), GatedRows(pass.imageRows, gate: vector(4))], summing: pass.sum,
            to: pass.x)

        modulate(pass, pass.textRows, shift: vector(7), scale: vector(9), on: device)
        modulate(pass, pass.imageRows, shift: vector(6), scale: vector(8), on: device)
        up(pass.normed, .store(.geluTanh), into: pass.inner)
        down(
            pass.inner, adding: [GatedRows(pass.textRows, gate: vector(11)), GatedRows(pass.imageRows, gate: vector(10))], summing: pass.sum,
            to: pass.x)
    }

    private func modulate(_ pass: ForwardPass, _ rows: Range<Int>, shift: Tensor, scale: Tensor, on device: any Device) {
        guard !rows.isEmpty else { return }
        device.modulatedLayerNorm(
            pass.x.rows(rows), scale: scale, shift: shift, epsilon: TransformerBlock.normEpsilon, into: pass.normed.rows(rows))
    }
}
