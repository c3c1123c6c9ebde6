/// How long each pass takes where several are queued. Told times; has no clock.
package struct PassTimer: Sendable, Hashable {
    /// Where a pass begins.
    package enum Start: Sendable, Hashable {
        /// Nothing was queued before it.
        case idle(at: Duration)
        /// Where the pass before it ends.
        case behindPass
    }

    private var lastEnd: Duration?
    private var isInterrupted = false

    package init() {}

    /// A pass is queued.
    /// - Parameter isIdle: nothing is queued before it.
    /// - Returns: nil if something else is queued between it and the pass before it, so that its time says nothing.
    package mutating func begin(at time: Duration, isIdle: Bool) -> Start? {
        defer { isInterrupted = false }
        return isInterrupted ? nil : isIdle ? .idle(at: time) : .behindPass
    }

    /// Something else than a pass is queued.
    package mutating func interrupt() { isInterrupted = true }

    /// The results of the oldest pass in flight are there.
    /// - Returns: seconds; nil where they say nothing.
    package mutating func end(_ start: Start?, at time: Duration) -> Double? {
        defer { lastEnd = time }
        return switch start {
        case nil: nil
        case .idle(let begun): (time - begun) / .seconds(1)
        case .behindPass: lastEnd.map { (time - $0) / .seconds(1) }
        }
    }
}
