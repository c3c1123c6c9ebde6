/// How a process ends: the decisions, without clocks or signals.
///
/// Asked to end, it takes no new work and finishes what it has; at the deadline that work is cancelled; when it does not
/// stop within a grace period either, the process ends without it. A second signal ends it at once.
public struct Drain: Sendable, Hashable {
    public enum Event: Sendable, Hashable {
        /// SIGTERM, SIGINT or SIGHUP.
        case signalled
        /// A Drain call, or the end of another part of the process; nil: the process's own deadline.
        case asked(deadline: Duration?)
        /// The process that started this one is gone: nobody waits for the work.
        case parentGone
        /// Nothing is in flight any more.
        case idle
        case deadlinePassed
        case gracePassed
    }

    public enum Action: Sendable, Hashable {
        case none
        /// Refuse new work, tell when idle, start the timer of the deadline.
        case refuseWork(deadline: Duration)
        /// Start one more timer of the deadline: the first to pass counts.
        case hasten(deadline: Duration)
        /// Cancel what is in flight, start the timer of the grace period.
        case cancelWork(grace: Duration)
        /// Close the socket and end.
        case stop
        /// Cancel what is in flight, and end without waiting for it.
        case abort
    }

    private enum Phase { case serving, draining, cancelling, stopped }

    private var phase = Phase.serving
    private let deadline: Duration
    private let grace: Duration

    /// - Parameters:
    ///   - deadline: for work in flight, unless the one who asks names another.
    ///   - grace: for cancelled work to notice.
    public init(deadline: Duration, grace: Duration = .seconds(2)) {
        self.deadline = deadline
        self.grace = grace
    }

    public mutating func handle(_ event: Event) -> Action {
        switch (phase, event) {
        case (.serving, .signalled):
            phase = .draining
            return .refuseWork(deadline: deadline)
        case (.serving, .asked(let deadline)):
            phase = .draining
            return .refuseWork(deadline: deadline ?? self.deadline)
        case (.draining, .asked(let deadline?)):
            return .hasten(deadline: deadline)
        case (.serving, .parentGone):
            phase = .draining
            return .refuseWork(deadline: .zero)
        case (.draining, .parentGone), (.draining, .deadlinePassed):
            phase = .cancelling
            return .cancelWork(grace: grace)
        case (.draining, .idle), (.cancelling, .idle), (.cancelling, .gracePassed):
            phase = .stopped
            return .stop
        case (.draining, .signalled), (.cancelling, .signalled), (.stopped, .signalled):
            phase = .stopped
            return .abort
        default:
            return .none
        }
    }
}
