import ModelConfiguration

extension SequenceBatch {
    /// One sequence: its positions, its pages of the pool, and how many tokens it has.
    package final class Sequence {
        let positions: SequencePositions
        /// In the order of the rows. The first of them may be shared with others; only rows from `count` on are written.
        var pages: [Int32]
        /// Tokens so far.
        package internal(set) var count: Int
        /// The kept prefix that all tokens so far make; nil if there is none, or it has been given up.
        var prefix: PrefixCache.Node?

        init(positions: SequencePositions, pages: [Int32], count: Int = 0, prefix: PrefixCache.Node? = nil) {
            self.positions = positions
            self.pages = pages
            self.count = count
            self.prefix = prefix
        }

        /// The next token needs another page.
        var isFull: Bool { count == pages.count * DecoderSizes.pageRows }

        /// Tokens for which a step has pages, the page that it takes for a full sequence included.
        var room: Int { isFull ? DecoderSizes.pageRows : pages.count * DecoderSizes.pageRows - count }

        /// Forgets the last tokens: what follows is written over their rows.
        func removeLast(_ tokens: Int) { count -= tokens }

        /// The rows of the pool that hold the tokens `range`.
        func rows(_ range: Range<Int>) -> [Int32] {
            let size = DecoderSizes.pageRows
            return range.map { pages[$0 / size] * Int32(size) + Int32($0 % size) }
        }
    }
}
