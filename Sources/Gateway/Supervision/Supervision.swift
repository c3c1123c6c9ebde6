/// How one stage is kept alive: the decisions, without clocks or processes.
///
/// A stage that ends is started again, at once if it had done its work, after a growing pause if not; one that ends too often
/// in a row without a completed request is abandoned, because another restart would only hide why. One that had passed
/// a probe, and then had nothing to do, gets more attempts: what ends it is likely not its own doing. One that fails its first
/// probe gets one more: the next is likely to find the same. A start that the system has nothing left for is tried again for ever.
package struct Supervision: Sendable, Hashable {
    package enum Event: Sendable, Hashable {
        case start
        /// It answers.
        case ready
        /// `worked`: it had answered a request, or served for a minute; `passedProbe`: it had answered the smallest request;
        /// `failedProbe`: it was ended because it did not.
        case ended(worked: Bool, passedProbe: Bool = false, failedProbe: Bool = false)
        /// The system has no descriptor, process or memory left to start it with.
        case starved
        case pauseOver
    }

    package enum Action: Sendable, Hashable {
        case none
        case spawn
        case pause(Duration)
        case giveUp(failures: Int)
    }

    package enum Phase: Sendable, Hashable { case idle, starting, up, pausing, givenUp }

    /// Exits in a row without a completed request after which the stage is abandoned.
    package static let limit = 5
    /// The same for a stage that had passed a probe each time.
    package static let probedLimit = 20
    /// The same for a stage that failed its first probe each time.
    package static let failedProbeLimit = 2
    /// The same until it has answered for the first time.
    package let startLimit: Int
    private var hasBeenUp = false
    package private(set) var phase = Phase.idle
    /// Ends in a row without work.
    package private(set) var failures = 0
    package private(set) var restarts = 0
    /// Ends in a row after a proof, without work.
    private var idleEnds = 0
    /// Ends in a row by a failed first probe.
    private var failedProbes = 0
    /// Starts in a row that the system had nothing left for.
    private var starvations = 0

    package init(startLimit: Int = Self.limit) { self.startLimit = startLimit }

    package mutating func handle(_ event: Event) -> Action {
        switch (phase, event) {
        case (.idle, .start), (.givenUp, .start):
            failures = 0
            idleEnds = 0
            failedProbes = 0
            phase = .starting
            return .spawn
        case (.starting, .ready):
            phase = .up
            hasBeenUp = true
            starvations = 0
            return .none
        case (.starting, .starved):
            // Somebody waits for a stage that is tried once.
            guard hasBeenUp || startLimit > 1 else {
                phase = .givenUp
                return .giveUp(failures: 1)
            }
            starvations += 1
            phase = .pausing
            return .pause(Self.pause(starvations))
        case (.starting, .ended(let worked, let passedProbe, let failedProbe)), (.up, .ended(let worked, let passedProbe, let failedProbe)):
            starvations = 0
            failures = worked || passedProbe ? 0 : failures + 1
            idleEnds = passedProbe && !worked ? idleEnds + 1 : 0
            failedProbes = failures > 0 && failedProbe ? failedProbes + 1 : 0
            guard failures < (hasBeenUp ? Self.limit : startLimit), idleEnds < Self.probedLimit, failedProbes < Self.failedProbeLimit else {
                phase = .givenUp
                return .giveUp(failures: max(failures, idleEnds))
            }
            restarts += 1
            guard failures > 0 else {
                phase = .starting
                return .spawn
            }
            phase = .pausing
            return .pause(Self.pause(failures))
        case (.pausing, .pauseOver):
            phase = .starting
            return .spawn
        default:
            return .none
        }
    }

    private static func pause(_ tries: Int) -> Duration { min(.milliseconds(100) * (1 << min(tries, 10)), .seconds(30)) }
}
