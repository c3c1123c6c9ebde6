/// Bytes that encoding the quoted strings of a prompt takes beside the weights.
package struct GlyphFootprint: Sendable {
    private let glyph: GlyphConfiguration
    /// Bytes of an element of activations.
    private let activation: Int

    /// - Parameter activationBytes: f32 on the CPU.
    package init(_ glyph: GlyphConfiguration, activationBytes: Int = 4) {
        self.glyph = glyph
        activation = activationBytes
    }

    /// The embeddings of `rows` tokens, which the transformer's projection reads.
    package func embeddings(rows: Int) -> Int { activation * rows * glyph.hiddenSize }

    /// The most that encoding takes: the embeddings, and `GlyphWorkspace` and relative biases of the longest string.
    package func encoding(rows: Int, longest: Int) -> Int {
        let row = 2 * glyph.hiddenSize + 4 * glyph.heads * glyph.headSize + 2 * glyph.intermediateSize
        return embeddings(rows: rows) + activation * longest * row + 4 * glyph.heads * (2 * longest - 1)
    }
}
