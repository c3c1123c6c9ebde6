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

    /// Pages by which the tables of decoding steps grow: 256 tokens. Within them all steps of as many rows have the same operators.
    private static let bucketPages = 4

    /// Width of the page table of a step whose longest sequence has so many pages.
    package static func bucket(pages: Int) -> Int { (pages + bucketPages - 1) / bucketPages * bucketPages }

    /// Elements of i32 that a part of a step's inputs takes: each part begins at a multiple of 64 bytes.
    package static func aligned(_ elements: Int) -> Int { (elements + 15) / 16 * 16 }

    /// Elements of i32 that the inputs of a decoding step take: ids, rows and lengths, and a page table for sequences of up to `pages`.
    package static func stepInputs(rows: Int, pages: Int) -> Int { 3 * aligned(rows) + aligned(rows * bucket(pages: pages)) }

    /// Pages that `rows` tokens take.
    package static func pages(rows: Int) -> Int { (rows + pageRows - 1) / pageRows }

    /// Rows of the buffer that collects a joining sequence's keys and values, when a prompt has been read up to `end`.
    /// It starts with a chunk's rows and at least doubles.
    package static func collected(rows: Int, end: Int) -> Int { rows >= end ? rows : max(end, 2 * rows) }
}
