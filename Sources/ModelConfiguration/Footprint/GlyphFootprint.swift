/// Bytes that encoding the quoted strings of a prompt takes beside the weights, f32.
package struct GlyphFootprint: Sendable {
    private let glyph: GlyphConfiguration

    package init(_ glyph: GlyphConfiguration) { self.glyph = glyph }

    /// The embeddings of `rows` tokens, which the transformer's projection reads.
    package func embeddings(rows: Int) -> Int { 4 * rows * glyph.hiddenSize }

    /// The most that encoding takes: the embeddings, and `GlyphWorkspace` and relative biases of the longest string.
    package func encoding(rows: Int, longest: Int) -> Int {
        let row = 2 * glyph.hiddenSize + 4 * glyph.heads * glyph.headSize + 2 * glyph.intermediateSize
        return embeddings(rows: rows) + 4 * (longest * row + glyph.heads * (2 * longest - 1))
    }
}
