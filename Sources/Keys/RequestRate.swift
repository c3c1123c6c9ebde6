/// The requests of one key in the last minutes, as a value without clocks: a bucket that holds a minute's requests and empties evenly.
struct RequestRate: Sendable, Hashable {
    /// Requests in the bucket.
    private var level = 0.0
    private var time: ContinuousClock.Instant

    init(at now: ContinuousClock.Instant) { time = now }

    /// Counts a request.
    /// - Parameter limit: requests a minute.
    /// - Returns: nil: it may go on; else nothing is counted, and in this time there is room for one.
    mutating func take(of limit: Int, at now: ContinuousClock.Instant) -> Duration? {
        empty(limit, now)
        let excess = level + 1 - Double(limit)
        // A request that comes just when it was told to finds its place, whatever was rounded.
        guard excess > 1e-6 else {
            level += 1
            return nil
        }
        return Self.time(excess, limit)
    }

    /// Requests that would be let in now, and how long until the bucket is empty.
    mutating func standing(of limit: Int, at now: ContinuousClock.Instant) -> (remaining: Int, reset: Duration) {
        empty(limit, now)
        return (max(0, Int((Double(limit) - level + 1e-6).rounded(.down))), Self.time(level, limit))
    }

    /// In which so many requests leave the bucket: whole milliseconds, rounded up.
    private static func time(_ requests: Double, _ limit: Int) -> Duration {
        .milliseconds(Int64((requests * 60_000 / Double(limit) - 1e-6).rounded(.up)))
    }

    private mutating func empty(_ limit: Int, _ now: ContinuousClock.Instant) {
        level = min(max(0, level - time.duration(to: now) / .seconds(60) * Double(limit)), Double(limit))
        time = now
    }
}
