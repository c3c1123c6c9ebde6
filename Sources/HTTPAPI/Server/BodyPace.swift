/// How fast a body must come: a value without a clock.
package enum BodyPace {
    /// After which a body that still comes is refused.
    package static let longest = Duration.seconds(120)
    /// Bytes a second that a body must have in the mean, once it has taken ``grace``.
    package static let slowest = 10_000.0
    package static let grace = Duration.seconds(10)

    /// - Parameters:
    ///   - count: bytes that have come.
    ///   - elapsed: since the body was begun to be read.
    package static func holds(_ count: Int, after elapsed: Duration) -> Bool {
        elapsed <= grace || elapsed <= longest && Double(count) >= elapsed / .seconds(1) * slowest
    }
}
