import Tensor

/// Samples on their way from the device to the host, one for each ticket.
struct InFlightStep {
    let tickets: [BatchScheduler.Ticket]
    /// i32 `[tickets]`.
    let ids: PendingRead
    /// f32 `[tickets]`: NaN where a logit is NaN or +∞.
    let mass: PendingRead

    /// Waits for the ids; nil for a row whose logits were not finite.
    func wait() throws -> [Int32?] {
        zip(try ids.integers(), try mass.floats()).map { $1.isFinite ? $0 : nil }
    }
}
