/// One phase of a request in one stage.
public struct Timing: Sendable, Hashable {
    /// For example `prefill`, `decode`, `denoise`, `vae`.
    public var phase: String
    /// How long it took, wall-clock time.
    public var seconds: Double
    /// When it began, in seconds from the arrival of the call at the stage.
    public var start: Double

    public init(phase: String = "", seconds: Double = 0, start: Double = 0) {
        self.phase = phase
        self.seconds = seconds
        self.start = start
    }
}

/// The same, with the stage that it was.
public struct StageTiming: Sendable, Hashable {
    /// Kind of the stage.
    public var stage: String
    /// Which of the stages of that kind.
    public var instance: String
    /// Name that the stage gives to the phase.
    public var phase: String
    /// How long it took, wall-clock time.
    public var seconds: Double
    /// When it began, in seconds from the arrival of the request at the gateway.
    public var start: Double
    /// Energy that it took of the stage's cards; nil where their power is not measured.
    public var joules: Double?

    public init(stage: String = "", instance: String = "", phase: String = "", seconds: Double = 0, start: Double = 0, joules: Double? = nil) {
        self.stage = stage
        self.instance = instance
        self.phase = phase
        self.seconds = seconds
        self.start = start
        self.joules = joules
    }
}
