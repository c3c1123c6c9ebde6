/// When a process of a stage is probed: the decisions, with time passed in.
///
/// An answered request shows that a stage works. A probe, the smallest request, is sent when it has not answered any for a while,
/// when it is new, and when it is suspect.
package struct ProbeSchedule: Sendable, Hashable {
    /// A probe is due after this long without an answer.
    package let interval: Duration
    /// Nil: at once.
    private var due: ContinuousClock.Instant?
    /// Probes in a row that failed.
    private var failures = 0
    /// Requests in a row that it made nothing of, whatever probes it passed in between.
    private var stalls = 0
    /// A stage spends at most 1 / so much of its time on probes: the smallest request of a large model takes a processor many seconds.
    private static let most = 50

    package init(interval: Duration) { self.interval = interval }

    /// Nil: at once.
    package func nextProbe(now: ContinuousClock.Instant) -> Duration? {
        guard let due, now < due else { return nil }
        return now.duration(to: due)
    }

    package mutating func answered(now: ContinuousClock.Instant) {
        due = now + interval
        failures = 0
        stalls = 0
    }

    /// It passed a probe, which it computed for `duration`: what the probe waited for, behind requests of others, is none of its own time.
    package mutating func passed(in duration: Duration, now: ContinuousClock.Instant) {
        due = now + max(interval, duration * Self.most)
        failures = 0
    }

    /// It failed a probe.
    package mutating func failed(now: ContinuousClock.Instant) {
        failures += 1
        backOff(now)
    }

    /// It made nothing of a request.
    package mutating func stalled(now: ContinuousClock.Instant) {
        stalls += 1
        backOff(now)
    }

    private mutating func backOff(_ now: ContinuousClock.Instant) {
        due = now + min(.milliseconds(100) * (1 << min(failures + stalls, 20)), interval)
    }

    /// A request failed there. If it is failing probes already, the back-off stays.
    package mutating func suspected() {
        if failures == 0 { due = nil }
    }
}
