import ServerKit
import Synchronization
import Wire

/// When a stage last made something of a request, or was seen to compute.
final class Heartbeat: Sendable {
    private let last = Mutex(ContinuousClock.now)

    func beat() { last.withLock { $0 = .now } }
    var idle: Duration { last.withLock { $0.duration(to: .now) } }
}

/// A stage has made nothing of a request for too long.
struct Stall: Error {
    let limit: Duration
    var message: String { "no progress for \(limit.inSeconds) s" }

    /// Runs `body` until it ends, or until `heartbeat` has not beaten for `limit`: then it is cancelled and ``Stall`` is thrown.
    /// - Parameter progress: a number that grows while the stage computes, whether it has anything to tell or not: a beat of its own. Asked
    ///   when half of the limit has passed in silence, and at its end; nil: the stage does not answer.
    static func watching<R: Sendable>(
        _ heartbeat: Heartbeat, limit: Duration, progress: @escaping @Sendable () async -> Int?, _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await race(body) {
            var known: Int?
            while true {
                let idle = heartbeat.idle
                guard idle >= limit / 2 else {
                    try await Pause.for(limit / 2 - idle)
                    continue
                }
                let now = await progress()
                if let now, let known, now > known {
                    heartbeat.beat()
                } else if idle >= limit {
                    throw Stall(limit: limit)
                } else {
                    try await Pause.for(limit - idle)
                }
                known = now
            }
        }
    }
}
