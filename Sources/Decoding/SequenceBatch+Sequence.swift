import ModelConfiguration

extension SequenceBatch {
    /// One sequence: its positions, its pages of the pool, and how many tokens it has.
    package final class Sequence {
        let positions: SequencePositions
        let pages: [Int32]
        /// Tokens so far.
        package internal(set) var count = 0

        init(positions: SequencePositions, pages: [Int32]) {
            self.positions = positions
            self.pages = pages
        }

        /// The rows of the pool that hold the tokens `range`.
        func rows(_ range: Range<Int>) -> [Int32] {
            let size = DecoderSizes.pageRows
            return range.map { pages[$0 / size] * Int32(size) + Int32($0 % size) }
        }
    }
}
