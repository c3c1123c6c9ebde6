import Synchronization

/// A clock that is one second further each time it is read: whatever is measured takes a second.
public final class TickingClock: Clock {
    public struct Instant: InstantProtocol {
        var seconds: Int

        public func advanced(by duration: Duration) -> Instant { Instant(seconds: seconds + Int(duration.components.seconds)) }
        public func duration(to other: Instant) -> Duration { .seconds(other.seconds - seconds) }
        public static func < (a: Instant, b: Instant) -> Bool { a.seconds < b.seconds }
    }

    private let reads = Mutex(0)

    public init() {}

    public var now: Instant {
        Instant(
            seconds: reads.withLock {
                $0 += 1
                return $0
            })
    }
    public var minimumResolution: Duration { .seconds(1) }
    /// Nobody waits for this clock.
    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}
