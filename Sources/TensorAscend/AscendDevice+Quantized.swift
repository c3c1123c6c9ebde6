import Tensor

// Products with weights of int8, which the card holds as the checkpoint stores them.
//
// The rows that meet them are rounded to int8 too, each with a scale of its own (W8A8), also in decode. Sums of int32 have no order, so
// a row has the same bits alone and in every batch, at every level of determinism, and rows need no padding. The other way,
// aclnnWeightQuantBatchMatmulV2, keeps rows in bf16 (W8A16); it reads as many bytes, but CANN promises no equal bits for it, not even
// of two runs.

extension AscendDevice {
    /// `x · weightᵀ + bias` in bf16, `[rows, outputs]`: in y where that is bf16 and dense.
    /// - Parameter x: f32 or bf16.
    func quantizedProduct(_ x: Tensor, _ weight: MatrixWeight, scales: Tensor, bias: Tensor?, into y: Tensor?) -> Operand {
        let (outputs, rows) = (weight.outputs, quantizedRows(Operand(matrix: x)))
        let inPlace = y.flatMap { $0.dtype == .bf16 && $0.isDense ? Operand(matrix: $0) : nil }
        let target = inPlace ?? scratch([x.rows, outputs], .bf16)
        stream.multiplyQuantized(
            rows.elements, Operand(dense: weight.elements, [outputs, weight.inputs]), rowScales: rows.scales,
            columnScales: Operand(dense: scales, [outputs]), bias: bias.map { vector($0, outputs, as: .bf16, "bias") }, into: target)
        return target
    }

    /// In int8, as all products of one input share it.
    private func quantizedRows(_ x: Operand) -> (elements: Operand, scales: Operand) {
        if let found = stream.derived.quantizedRows(of: x) { return found }
        var rounded = x
        if x.dtype != .bf16 {
            rounded = scratch(x.extents, .bf16)
            stream.copy(x, to: rounded)
        }
        let (elements, scales) = (scratch(x.extents, .i8), scratch([x.extents[0]], .f32))
        stream.quantizeRows(rounded, into: elements, scales: scales)
        stream.derived.keep(quantizedRows: elements, scales: scales, of: x)
        return (elements, scales)
    }
}
