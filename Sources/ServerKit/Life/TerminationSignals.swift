import Dispatch
import Foundation
import ServiceLifecycle

/// Hears SIGTERM and SIGINT: each is one more request to end. A broken pipe is an error of its write, no signal.
struct TerminationSignals: ServiceLifecycle.Service {
    /// Called for every signal.
    let handler: @Sendable () -> Void

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: handler)
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await gracefulShutdown()
    }
}
