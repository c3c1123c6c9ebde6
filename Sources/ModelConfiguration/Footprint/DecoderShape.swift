/// The sizes of an autoregressive decoder that its memory follows from, whatever checkpoint it comes from.
package struct DecoderShape: Sendable, Hashable {
    let layers, hiddenSize: Int
    private(set) var intermediateSize, heads, keyValueHeads: Int
    let headSize: Int
    /// Pairs of a head's columns that are rotated by position.
    let pairs: Int
    /// Ids that are predicted: the logits of one token.
    let outputSize: Int

    /// What a rank has of it where so many ranks divide each pass.
    func part(ranks: Int) -> DecoderShape {
        let share = DecoderShare(heads: heads, keyValueHeads: keyValueHeads, intermediateSize: intermediateSize, ranks: ranks)
        var part = self
        (part.heads, part.keyValueHeads, part.intermediateSize) = (share.heads, share.keyValueHeads, share.intermediateSize)
        return part
    }

    /// What so many ranks can't divide, with its number; nil: nothing.
    package func obstacle(ranks: Int) -> String? {
        DecoderShare.obstacle(heads: heads, keyValueHeads: keyValueHeads, intermediateSize: intermediateSize, ranks: ranks)
    }
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
