package import Domain

/// What one of several ranks computes of the diffusion transformer's passes: some rows by all weights (Ulysses), or all rows by some of the heads
/// and of the columns between the two products of the MLP (tensor parallelism). In either way it attends with some heads over all rows.
///
/// Source: Megatron-LM, arXiv 1909.08053; cache-dit f86744a divides the same products of GLM-Image.
package struct TransformerShare: Sendable, Hashable {
    package let ranks: Int
    /// Ranks that divide the rows, and those that divide heads and inner columns: one of the two is 1.
    package let rowRanks, headRanks: Int

    /// - Parameters:
    ///   - division: nil where there is one rank.
    ///   - ranks: by which the transformer's heads are divisible, and so are its columns.
    package init(_ division: PassDivision?, ranks: Int) {
        self.ranks = ranks
        headRanks = division == .tensorParallel ? ranks : 1
        rowRanks = ranks / headRanks
    }

    /// What a rank has of so many columns, in the order of the heads.
    package func columns(_ count: Int, of rank: Int) -> Range<Int> {
        let own = count / headRanks, first = rank % headRanks * own
        return first..<first + own
    }
}
