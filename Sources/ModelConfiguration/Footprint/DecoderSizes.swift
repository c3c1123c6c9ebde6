/// Sizes of the text stage's work that the model allocates by and the planner counts with.
package enum DecoderSizes {
    /// Rows of a prompt that are computed at once: bounds the workspace and how long a step may be held up.
    package static let prefillChunk = 256
    /// Rows of a page of keys and values: a sequence leaves half of one unused on average.
    package static let pageRows = 64

    /// Pages that `rows` tokens take.
    package static func pages(rows: Int) -> Int { (rows + pageRows - 1) / pageRows }

    /// Rows of the buffer that collects a joining sequence's keys and values, when a prompt has been read up to `end`.
    /// It starts with a chunk's rows and at least doubles.
    package static func collected(rows: Int, end: Int) -> Int { rows >= end ? rows : max(end, 2 * rows) }
}
