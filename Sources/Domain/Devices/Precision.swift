/// What products and attention multiply. Sums are f32 always.
public enum Precision: String, Codable, Sendable, CaseIterable, CustomStringConvertible {
    /// f32 operands: the reference for every other computation. Weights that a checkpoint stores in 16 bits are widened.
    case f32
    /// Operands rounded to bf16. Products with weights that the checkpoint stores in f32 or f16 stay f32 on the CPU.
    case bf16

    public var description: String { rawValue }
}
