public import Domain
import Wire

/// How long each phase of a request takes.
public struct Stopwatch: Sendable {
    public private(set) var timings: [Timing] = []
    private var last = ContinuousClock.now

    public init() {}

    /// Ends the phase that began with the last lap, or with the stopwatch.
    public mutating func lap(_ phase: String) {
        let now = ContinuousClock.now
        timings.append(Timing(phase: phase, seconds: (now - last).inSeconds))
        last = now
    }
}
