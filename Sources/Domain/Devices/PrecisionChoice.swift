/// The precision that is asked for. What a device then computes with is a ``Precision``.
public enum PrecisionChoice: String, Codable, Sendable, CaseIterable, CustomStringConvertible {
    /// bf16 where the device multiplies it natively, f32 elsewhere.
    case auto
    case f32
    /// As `auto`, but f32 is not what was asked for: a stage that computes with it logs that.
    case bf16

    public var description: String { rawValue }

    /// What the device computes with.
    /// - Parameter native: ``Precision/bf16`` for a device that multiplies it natively.
    public func precision(native: Precision) -> Precision { self == .f32 ? .f32 : native }
}
