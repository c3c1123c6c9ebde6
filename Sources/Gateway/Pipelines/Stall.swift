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

    /// Runs `body` until it ends, or until ``StallClock`` says that the stage makes nothing of it: then it is cancelled and ``Stall`` is thrown.
    /// - Parameter progress: how far the stage has come with whatever it computes; nil: it does not answer.
    static func watching<R: Sendable>(
        _ heartbeat: Heartbeat, limit: Duration, progress: @escaping @Sendable () async -> Int?, _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await race(body) {
            var clock = StallClock(limit: limit)
            while true {
                let idle = heartbeat.idle
                if let pause = clock.pause(idle: idle) {
                    try await Pause.for(pause)
                    continue
                }
                switch clock.answered(await progress(), idle: idle) {
                case .computes: heartbeat.beat()
                case .unknown(let pause): try await Pause.for(pause)
                case .stalled: throw Stall(limit: limit)
                }
            }
        }
    }
}
