import Synchronization
import Wire

/// Tells a computation whether anybody still wants its result. Asked before every layer, or every step where layers are quick; that it is
/// asked shows that the computation goes on.
public final class WorkToken: Sendable {
    /// Why the work is to stop.
    public enum Reason: Int, Sendable {
        case callerLeft = 1
        case drainDeadline = 2
    }

    /// When the call came.
    public let arrival = ContinuousClock.now
    /// The caller's deadline.
    public let deadline: ContinuousClock.Instant?
    private let reason = Atomic<Int>(0)
    private let progress: ProgressCounter?

    public convenience init(deadline: ContinuousClock.Instant? = nil) { self.init(deadline: deadline, progress: nil) }

    init(deadline: ContinuousClock.Instant?, progress: ProgressCounter?) {
        self.deadline = deadline
        self.progress = progress
    }

    /// The first reason counts.
    public func cancel(_ reason: Reason) {
        _ = self.reason.compareExchange(expected: 0, desired: reason.rawValue, ordering: .relaxed)
    }

    public var isCancelled: Bool { failure != nil }

    /// Throws ``CallError`` once the caller has left, its deadline has passed, or the process must end. Cheap.
    public func checkCancellation() throws {
        progress?.advance()
        if let failure { throw failure }
    }

    var failure: CallError? {
        switch Reason(rawValue: reason.load(ordering: .relaxed)) {
        case .callerLeft: return CallError(.cancelled, "the caller has left")
        case .drainDeadline: return CallError(.unavailable, "the process ends; its time to finish work is over", retryAfter: .milliseconds(200))
        case nil: break
        }
        if let deadline, deadline <= .now { return CallError(.deadlineExceeded, "the caller's deadline has passed") }
        return nil
    }
}
