import Tensor

/// Samples on their way from the device to the host, for each of several requests.
struct InFlightStep {
    /// The rows of one request: behind its last id, then behind each guess.
    struct Window {
        let ticket: BatchScheduler.Ticket
        let guesses: [Int32]

        var rows: Int { 1 + guesses.count }
    }

    let windows: [Window]
    /// i32, one for each row of the windows.
    let ids: PendingRead
    /// f32, the same: NaN where a logit is NaN or +∞.
    let mass: PendingRead

    var tickets: [BatchScheduler.Ticket] { windows.map(\.ticket) }

    /// Waits for the ids of each window; nil for a row whose logits were not finite.
    func wait() throws -> [[Int32?]] {
        var rows = zip(try ids.integers(), try mass.floats()).map { $1.isFinite ? $0 : nil }[...]
        return windows.map { window in
            defer { rows = rows.dropFirst(window.rows) }
            return Array(rows.prefix(window.rows))
        }
    }
}
