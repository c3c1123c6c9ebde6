/// Bytes that the text stage's model takes beside its weights. Activations are f32 on every device.
package struct TextFootprint: Sendable {
    private let text: TextConfiguration
    /// Bytes of an element of keys and values, which have the type that attention multiplies.
    private let cached: Int

    /// - Parameter elementBytes: of `Device.cacheType`, which keys and values are kept in.
    package init(_ text: TextConfiguration, elementBytes: Int) {
        self.text = text
        cached = elementBytes
    }

    /// Keys and values of one token in all layers.
    package var bytesPerToken: Int { 2 * text.layers * text.keyValueHeads * text.headSize * cached }

    /// `KVPool` of `pages` pages.
    package func pool(pages: Int) -> Int { pages * DecoderSizes.pageRows * bytesPerToken }

    /// What a batch of `size` sequences keeps beside the pool: `DecoderWorkspace`, the logits of a step, and what was sampled.
    package func batch(size: Int) -> Int {
        let heads = 2 * text.heads + 2 * text.keyValueHeads
        let row = 2 * text.hiddenSize + heads * text.headSize + 3 * text.intermediateSize + 2 * text.rope.sections.reduce(0, +)
        return 4 * max(DecoderSizes.prefillChunk, size) * row + size * (4 * text.visionVocabularySize + 8)
    }

    /// The most that collecting one layer's keys and values of a joining sequence takes, up to a prompt of `tokens`: while the
    /// buffer grows, the old one is still there.
    package func collecting(promptTokens tokens: Int) -> Int {
        let row = 2 * 4 * text.keyValueHeads * text.headSize
        var rows = DecoderSizes.prefillChunk, peak = rows, end = 0
        while end < tokens {
            end = min(end + DecoderSizes.prefillChunk, tokens)
            let grown = DecoderSizes.collected(rows: rows, end: end)
            if grown > rows { peak = max(peak, rows + grown) }
            rows = grown
        }
        return peak * row
    }
}
