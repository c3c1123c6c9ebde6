/// When a stage is asked to prove itself: the decisions, with time passed in.
///
/// A stage is proved by work: its last answered request, or the smallest request, sent to it when it has not answered any for
/// a while, when it is new, and when it is in doubt.
package struct Pulse: Sendable, Hashable {
    /// Without an answer for so long, it is asked.
    package let interval: Duration
    private var lastAnswer: ContinuousClock.Instant?
    private var failures = 0

    package init(interval: Duration) { self.interval = interval }

    /// Nil: at once.
    package func nextProbe(now: ContinuousClock.Instant) -> Duration? {
        guard let lastAnswer else { return failures == 0 ? nil : min(.milliseconds(100) * (1 << min(failures, 6)), interval) }
        let due = lastAnswer.advanced(by: interval)
        return due <= now ? nil : now.duration(to: due)
    }

    package mutating func answered(now: ContinuousClock.Instant) {
        lastAnswer = now
        failures = 0
    }

    package mutating func failed() {
        lastAnswer = nil
        failures += 1
    }

    /// A request failed there.
    package mutating func doubted() { lastAnswer = nil }
}
