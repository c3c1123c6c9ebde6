public import Domain
import Wire

/// When each phase of a request begins, and how long it takes.
public struct Stopwatch: Sendable {
    public private(set) var timings: [Timing] = []
    private let origin: ContinuousClock.Instant
    private var last = ContinuousClock.now

    /// Begins the first phase now.
    /// - Parameter origin: what the beginnings of phases are counted from.
    public init(since origin: ContinuousClock.Instant) { self.origin = origin }

    /// Ends the phase that began with the last lap, or with the stopwatch.
    public mutating func lap(_ phase: String) {
        let now = ContinuousClock.now
        timings.append(Timing(phase: phase, seconds: (now - last).inSeconds, start: (last - origin).inSeconds))
        last = now
    }
}
