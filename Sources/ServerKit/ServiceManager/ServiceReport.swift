package import Wire

/// What a service manager is told, and when: the decisions, without clocks and sockets.
///
/// A process that starts or drains asks for more time with each report. So the unit's own time-outs bound a process that hangs, not one whose
/// model is large or whose images take long.
package struct ServiceReport: Sendable, Hashable {
    /// For the next report to come in time.
    package static let extra = Duration.seconds(30)

    private let isWatched: Bool
    private var isReady = false
    private var isStopping = false
    private var headline = ""

    /// - Parameter isWatched: there is a watchdog.
    package init(isWatched: Bool) { self.isWatched = isWatched }

    /// Called each time that the process has been proved to work.
    /// - Returns: what to send, together; empty: nothing.
    package mutating func notices(_ state: StageState, headline: String) -> [Notice] {
        var notices: [Notice] = []
        if state == .serving, !isReady {
            isReady = true
            notices.append(.ready)
        }
        if state == .draining, !isStopping {
            isStopping = true
            notices.append(.stopping)
        }
        if headline != self.headline {
            self.headline = headline
            notices.append(.status(headline))
        }
        if state != .serving { notices.append(.extended(Self.extra)) }
        if isWatched { notices.append(.alive) }
        return notices
    }
}
