/// The fleet's clocks.
public struct FleetTiming: Sendable, Hashable {
    /// A stage that has not answered anything for so long is asked to prove that it works.
    public var probeInterval: Duration
    /// A stage that makes nothing of a request for so long is replaced; nil: 2 minutes on a card, 10 on the CPU.
    public var stall: Duration?

    public init(probeInterval: Duration = .seconds(30), stall: Duration? = nil) {
        self.probeInterval = probeInterval
        self.stall = stall
    }

    func stallLimit(_ device: String) -> Duration { stall ?? (device == "cpu" ? .seconds(600) : .seconds(120)) }
}
