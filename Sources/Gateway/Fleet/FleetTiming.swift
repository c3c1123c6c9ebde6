/// The fleet's clocks.
public struct FleetTiming: Sendable, Hashable {
    /// A stage that has not answered anything for so long is asked to prove that it works. One that does not even say what it is is
    /// noticed within twice as long.
    public var probeInterval: Duration
    /// A stage that computes nothing for so long, while it has a probe to answer, has failed it.
    public var probe: Duration
    /// A stage that makes nothing of a request for so long is replaced; nil: 2 minutes on a card, 10 on the CPU.
    public var stall: Duration?

    public init(
        probeInterval: Duration = FleetTiming.defaultProbeInterval, probe: Duration = FleetTiming.defaultProbe, stall: Duration? = nil
    ) {
        self.probeInterval = probeInterval
        self.probe = probe
        self.stall = stall
    }

    public static let defaultProbeInterval = Duration.seconds(20)
    public static let defaultProbe = Duration.seconds(15)

    /// Between two questions to a stage, and for each answer.
    var pulse: Duration { probeInterval / 2 }
    /// The longest that a stage is silent before it is noticed.
    var silenceLimit: Duration { pulse * (2 * Pulse.limit) }

    func stallLimit(_ device: String) -> Duration { stall ?? (device == "cpu" ? .seconds(600) : .seconds(120)) }
}
