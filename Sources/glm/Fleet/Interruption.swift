import Dispatch
import Foundation
import ServerKit
import Synchronization

/// Ctrl-C, SIGTERM and SIGHUP end the work in an orderly way: what was started is stopped, then the process ends. A second one ends it
/// at once; a private fleet then notices that it is alone.
enum Interruption {
    /// Runs `body` in a task that a signal cancels; ends the process with 128 + signal once the body has cleaned up after itself.
    static func guarding(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let received = Atomic<Int32>(0)
        let work = Task { try await body() }
        let sources = SignalSources.hear([SIGINT, SIGTERM, SIGHUP]) { number in
            guard received.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged else { _exit(128 + number) }
            work.cancel()
        }
        defer { for source in sources { source.cancel() } }
        do {
            try await work.value
        } catch {
            let number = received.load(ordering: .relaxed)
            if number != 0 { exit(128 + number) }
            throw error
        }
    }
}
