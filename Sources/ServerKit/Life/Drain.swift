/// How a process ends: the decisions, without clocks or signals.
///
/// Asked to end, it takes no new work and finishes what it has; at the deadline that work is cancelled; when it does not
/// stop within a grace period either, or is asked a second time, the process ends without it.
public struct Drain: Sendable, Hashable {
    public enum Event: Sendable, Hashable {
        /// SIGTERM, SIGINT or a Drain call; nil: the process's own deadline.
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
        /// Cancel what is in flight, start the timer of the grace period.
        case cancelWork(grace: Duration)
        /// Close the socket and end.
        case stop
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
        case (.serving, .asked(let deadline)):
            phase = .draining
            return .refuseWork(deadline: deadline ?? self.deadline)
        case (.serving, .parentGone):
            phase = .draining
            return .refuseWork(deadline: .zero)
        case (.draining, .asked), (.draining, .parentGone), (.draining, .deadlinePassed):
            phase = .cancelling
            return .cancelWork(grace: grace)
        case (.draining, .idle), (.cancelling, .idle), (.cancelling, .gracePassed), (.cancelling, .asked):
            phase = .stopped
            return .stop
        default:
            return .none
        }
    }
}
