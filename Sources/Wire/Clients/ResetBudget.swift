/// How many calls one HTTP/2 connection may still take: the decisions, with time passed in.
///
/// A call that its caller gives up resets its stream, and a server closes a connection, with all its other calls, on which 200 streams
/// were reset within 30 seconds. Every open call may be given up at any time, so open calls count as resets to come.
package struct ResetBudget: Sendable {
    /// Half of what servers allow.
    package static let limit = 100
    package static let window = Duration.seconds(30)

    /// Calls under way.
    package private(set) var open = 0
    /// When calls were given up, oldest first.
    private var resets: [ContinuousClock.Instant] = []

    package init() {}

    package func takesCall(now: ContinuousClock.Instant) -> Bool {
        open + resets.count { $0.duration(to: now) < Self.window } < Self.limit
    }

    package mutating func began() { open += 1 }

    /// - Parameter isReset: the caller gave it up before the server had answered.
    package mutating func ended(isReset: Bool, now: ContinuousClock.Instant) {
        open -= 1
        guard isReset else { return }
        resets.removeAll { $0.duration(to: now) >= Self.window }
        resets.append(now)
    }
}
