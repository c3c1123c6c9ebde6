/// Sizes of the text stage's work that the model allocates by and the planner counts with.
package enum DecoderSizes {
    /// Rows of a prompt that are computed at once: bounds the workspace and how long a step may be held up.
    package static let prefillChunk = 256
    /// Rows of a page of keys and values: a sequence leaves half of one unused on average.
    package static let pageRows = 64

    /// Tokens of a sequence that one pass of a text stage guesses at most where guesses are made.
    package static let speculativeTokens = 31
    /// The same unless the stage is told otherwise. How many guesses a pass has depends on time, and on a card a row's bits may depend on the
    /// rows beside it.
    package static func speculativeTokens(onHost: Bool) -> Int { onHost ? speculativeTokens : 0 }
    /// What it may be told: a pass has up to 64 rows.
    package static let speculation = 0...63

    /// The most rows of a step: of a batch that is full, or of one sequence with its guesses.
    package static func stepRows(batch: Int, speculativeTokens: Int) -> Int { max(batch, 1 + speculativeTokens) }

    /// Pages that `rows` tokens take.
    package static func pages(rows: Int) -> Int { (rows + pageRows - 1) / pageRows }

    /// Rows of the buffer that collects a joining sequence's keys and values, when a prompt has been read up to `end`.
    /// It starts with a chunk's rows and at least doubles.
    package static func collected(rows: Int, end: Int) -> Int { rows >= end ? rows : max(end, 2 * rows) }
}
