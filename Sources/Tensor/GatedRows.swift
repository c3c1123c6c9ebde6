/// Some rows of a product's result and the vector that gates them.
public struct GatedRows: Sendable {
    public let rows: Range<Int>
    /// `[columns]`, f32
    public let gate: Tensor

    public init(_ rows: Range<Int>, gate: Tensor) {
        self.rows = rows
        self.gate = gate
    }
}
