/// The rows of a joint sequence, text first and then image, that one of several ranks computes that divide them.
///
/// Each rank has the next ``rowsPerRank`` rows; the last ranks have fewer, or none. Collectives exchange ``rowsPerRank`` rows of each rank, so
/// what is missing of them stands behind the sequence's last row: attention leaves it out by length, without a mask, and no rank computes it.
/// Padding the text's end instead would put it between keys.
package struct SequenceSpan: Sendable, Hashable {
    /// Rows of the whole sequence.
    package let text, image: Int
    package let rank, ranks: Int

    package init(text: Int, image: Int, rank: Int, of ranks: Int) {
        self.text = text
        self.image = image
        self.rank = rank
        self.ranks = ranks
    }

    package var rowsPerRank: Int { (text + image + ranks - 1) / ranks }

    /// Of the sequence.
    package var rows: Range<Int> {
        let lower = min(rank * rowsPerRank, text + image)
        return lower..<min(lower + rowsPerRank, text + image)
    }

    /// Of the text.
    package var textRows: Range<Int> { rows.clamped(to: 0..<text) }

    /// Of the image.
    package var imageRows: Range<Int> {
        let own = rows.clamped(to: text..<text + image)
        return own.lowerBound - text..<own.upperBound - text
    }
}
