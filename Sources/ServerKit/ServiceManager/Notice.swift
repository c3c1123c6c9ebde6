import Domain

/// One line of what a service manager is told: an assignment of sd_notify(3).
package enum Notice: Sendable, Hashable, CustomStringConvertible {
    /// It is started: what depends on it may start.
    case ready
    /// A sentence for people.
    case status(String)
    /// It is about to end.
    case stopping
    /// It works: the watchdog begins anew.
    case alive
    /// It is still starting, or ending: from now on it has at least so long, whatever the unit says.
    case extended(Duration)

    package var description: String {
        switch self {
        case .ready: "READY=1"
        case .status(let text): "STATUS=\(text.printable)"
        case .stopping: "STOPPING=1"
        case .alive: "WATCHDOG=1"
        case .extended(let time): "EXTEND_TIMEOUT_USEC=\(time.components.seconds * 1_000_000)"
        }
    }
}
