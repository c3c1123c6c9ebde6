package import Decoding
package import Domain

extension SequencePositions {
    /// Of a prompt with pictures, and of what follows it.
    ///
    /// Text counts on all three axes. The cells of a picture that begins at p stand at (p, p + row, p + column), and the token behind them
    /// at p + the longer side. What is generated goes on counting from there.
    ///
    /// Reference: transformers 5.23 `Glm4vModel.get_rope_index`.
    /// - Parameter pictures: where the rows of each picture stand among the prompt's tokens, in order, and its grid.
    package init(tokens: Int, pictures: some Sequence<(Range<Int>, GridSize)>) {
        var positions: [RotaryPosition] = []
        positions.reserveCapacity(tokens)
        var next = 0
        func text(upTo end: Int) {
            for _ in positions.count..<end {
                positions.append(RotaryPosition(text: next))
                next += 1
            }
        }
        for (range, grid) in pictures {
            text(upTo: range.lowerBound)
            positions += (0..<grid.count).map { RotaryPosition(temporal: next, height: next + $0 / grid.width, width: next + $0 % grid.width) }
            next += max(grid.height, grid.width)
        }
        text(upTo: tokens)
        self.init(known: positions, next: next)
    }
}
