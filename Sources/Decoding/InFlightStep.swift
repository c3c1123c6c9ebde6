import Tensor

/// Samples on their way from the device to the host, for each of several requests.
struct InFlightStep {
    /// The rows of one request: behind its last id, then behind each guess.
    struct Window {
        let ticket: BatchScheduler.Ticket
        let guesses: [Int32]

        var rows: Int { 1 + guesses.count }

        /// How many of the first guesses are what was drawn in their places.
        func right(_ drawn: [Int32?]) -> Int { zip(guesses, drawn).prefix { $0 == $1 }.count }
    }

    let windows: [Window]
    /// All rows of the pass but those of guesses.
    let sequences: Int
    /// Without guesses, the next pass is queued before its results are known.
    let runsAhead: Bool
    /// Where its time begins; nil: it says nothing.
    var start: PassTimer.Start?
    /// i32, one for each row of the windows.
    let ids: PendingRead
    /// f32, the same: NaN where a logit is NaN or +∞.
    let mass: PendingRead

    var tickets: [BatchScheduler.Ticket] { windows.map(\.ticket) }
    /// Rows with guesses.
    var guesses: Int { windows.reduce(0) { $0 + $1.guesses.count } }

    /// Waits for the ids of each window; nil for a row whose logits were not finite.
    func wait() throws -> [[Int32?]] {
        var rows = zip(try ids.integers(), try mass.floats()).map { $1.isFinite ? $0 : nil }[...]
        return windows.map { window in
            defer { rows = rows.dropFirst(window.rows) }
            return Array(rows.prefix(window.rows))
        }
    }
}
