/// The sizes of an autoregressive decoder that its memory follows from, whatever checkpoint it comes from.
package struct DecoderShape: Sendable, Hashable {
    let layers, hiddenSize, intermediateSize, heads, keyValueHeads, headSize: Int
    /// Pairs of a head's columns that are rotated by position.
    let pairs: Int
    /// Ids that are predicted: the logits of one token.
    let outputSize: Int
}

extension TextConfiguration {
    package var shape: DecoderShape {
        DecoderShape(
            layers: layers, hiddenSize: hiddenSize, intermediateSize: intermediateSize, heads: heads, keyValueHeads: keyValueHeads,
            headSize: headSize, pairs: rope.sections.reduce(0, +), outputSize: visionVocabularySize)
    }
}

extension GLM4VTextConfiguration {
    package var shape: DecoderShape {
        DecoderShape(
            layers: layers, hiddenSize: hiddenSize, intermediateSize: intermediateSize, heads: heads, keyValueHeads: keyValueHeads,
            headSize: headSize, pairs: rope.sections.reduce(0, +), outputSize: vocabularySize)
    }
}
