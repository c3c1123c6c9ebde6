import Dispatch
import Foundation
import ServiceLifecycle

/// Hears SIGTERM, SIGINT and SIGHUP (the terminal has closed): each is one more request to end.
struct TerminationSignals: ServiceLifecycle.Service {
    /// Called for every signal.
    let handler: @Sendable () -> Void

    func run() async throws {
        let sources = SignalSources.hear([SIGTERM, SIGINT, SIGHUP]) { _ in handler() }
        defer { for source in sources { source.cancel() } }
        try await gracefulShutdown()
    }
}
