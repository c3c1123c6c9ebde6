/// What one of several ranks computes of a decoder's layers (tensor parallelism): heads of the queries with the key heads that they read, and
/// columns between the two products of the MLP. More ranks than key heads share them: each key head is then on several.
///
/// Source: Megatron-LM, arXiv 1909.08053; key heads as in vLLM.
package struct DecoderShare: Sendable, Hashable {
    package let ranks: Int
    /// Of a rank.
    package let heads, keyValueHeads, intermediateSize: Int
    /// Of all ranks.
    private let allKeyValueHeads: Int

    /// - Parameter ranks: that ``obstacle(heads:keyValueHeads:intermediateSize:ranks:)`` has no objection to.
    package init(heads: Int, keyValueHeads: Int, intermediateSize: Int, ranks: Int) {
        self.ranks = ranks
        self.heads = heads / ranks
        self.keyValueHeads = max(keyValueHeads / ranks, 1)
        self.intermediateSize = intermediateSize / ranks
        allKeyValueHeads = keyValueHeads
    }

    package func heads(of rank: Int) -> Range<Int> { rank * heads..<(rank + 1) * heads }

    package func keyValueHeads(of rank: Int) -> Range<Int> {
        let first = rank * allKeyValueHeads / ranks
        return first..<first + keyValueHeads
    }

    package func inner(of rank: Int) -> Range<Int> { rank * intermediateSize..<(rank + 1) * intermediateSize }

    /// What so many ranks can't divide, with its number; nil: nothing.
    package static func obstacle(heads: Int, keyValueHeads: Int, intermediateSize: Int, ranks: Int) -> String? {
        if heads % ranks != 0 { return "\(heads) heads" }
        if keyValueHeads % ranks != 0, ranks % keyValueHeads != 0 { return "\(keyValueHeads) key-value heads" }
        if intermediateSize % ranks != 0 { return "\(intermediateSize) columns of the MLP" }
        return nil
    }
}
