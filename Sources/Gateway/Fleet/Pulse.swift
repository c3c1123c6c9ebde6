/// When a process of a stage is asked to prove itself: the decisions, with time passed in.
///
/// A stage is proved by work: its last answered request, or the smallest request, sent to it when it has not answered any for
/// a while, when it is new, and when it is in doubt.
package struct Pulse: Sendable, Hashable {
    /// Without an answer for so long, it is asked.
    package let interval: Duration
    /// Nil: at once.
    private var due: ContinuousClock.Instant?
    private var failures = 0

    package init(interval: Duration) { self.interval = interval }

    /// Nil: at once.
    package func nextProbe(now: ContinuousClock.Instant) -> Duration? {
        guard let due, now < due else { return nil }
        return now.duration(to: due)
    }

    package mutating func answered(now: ContinuousClock.Instant) {
        due = now + interval
        failures = 0
    }

    /// It was asked, and did not prove itself.
    package mutating func failed(now: ContinuousClock.Instant) {
        failures += 1
        due = now + min(.milliseconds(100) * (1 << min(failures, 6)), interval)
    }

    /// A request failed there. One that did not prove itself either is not asked sooner for that.
    package mutating func doubted() {
        if failures == 0 { due = nil }
    }
}
