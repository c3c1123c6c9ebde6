import ServerKit
import Synchronization

/// When a stage last made something of a request.
final class Heartbeat: Sendable {
    private let last = Mutex(ContinuousClock.now)

    func beat() { last.withLock { $0 = .now } }
    var idle: Duration { last.withLock { $0.duration(to: .now) } }
}

/// A stage has made nothing of a request for too long.
struct Stall: Error {
    let limit: Duration

    /// Runs `body` until it ends, or until `heartbeat` has not beaten for `limit`: then it is cancelled and ``Stall`` is thrown.
    static func watching<R: Sendable>(_ heartbeat: Heartbeat, limit: Duration, _ body: @escaping @Sendable () async throws -> R) async throws -> R {
        try await race(body) {
            while true {
                let idle = heartbeat.idle
                guard idle < limit else { throw Stall(limit: limit) }
                try await Pause.for(limit - idle)
            }
        }
    }
}
