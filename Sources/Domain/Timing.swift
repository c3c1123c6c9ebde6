/// Duration of one phase of a request in one stage.
public struct Timing: Sendable, Hashable {
    /// For example `prefill`, `decode`, `denoise`, `vae`.
    public var phase: String
    /// Wall-clock time.
    public var seconds: Double

    public init(phase: String = "", seconds: Double = 0) {
        self.phase = phase
        self.seconds = seconds
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
    /// Wall-clock time.
    public var seconds: Double

    public init(stage: String = "", instance: String = "", phase: String = "", seconds: Double = 0) {
        self.stage = stage
        self.instance = instance
        self.phase = phase
        self.seconds = seconds
    }
}
