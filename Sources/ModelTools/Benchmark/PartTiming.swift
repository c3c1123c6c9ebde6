public import Tensor

/// How long one part of the model took, and how much work that was.
public struct PartTiming: Sendable {
    /// `vision`, `prefill`, `decode`, `codes`, `glyph`, `denoise`, `vae-decode`; of a question model `tower`, `first-word`, `prefill`, `decode`.
    public let part: String
    /// The size of the work, for a reader.
    public let workload: String
    /// The shortest of all runs.
    public let seconds: Double
    /// What of it was spent inside the device's operations; the rest is waiting.
    public let operations: OperationTime
    public let runs: Int
    /// Tokens of the work, where it is counted in tokens.
    public let tokens: Int?
    public let work: MeteredDevice.Work
    /// The mean of all runs; nil: not told. Of decoding steps that of all sizes of a batch, which take turns.
    public let watts: Double?

    /// Of one run; nil: not told.
    public var joules: Double? { watts.map { $0 * seconds } }
}

/// How long a part took from its files to its first use.
public struct LoadTiming: Sendable {
    public let part: String
    public let seconds: Double
}
