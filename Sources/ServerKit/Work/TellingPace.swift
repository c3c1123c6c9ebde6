/// How often somebody is told something: so many times in any span of so long, with time passed in.
package struct TellingPace: Sendable, Hashable {
    private let limit: Int
    private let span: Duration
    private var told: [ContinuousClock.Instant] = []

    package init(_ limit: Int, in span: Duration) {
        self.limit = limit
        self.span = span
    }

    /// Something was told.
    /// - Returns: how long to wait before the next is.
    package mutating func told(now: ContinuousClock.Instant) -> Duration {
        told = told.suffix(limit - 1) + [now]
        return told.count < limit ? .zero : max(.zero, span - told[0].duration(to: now))
    }
}
