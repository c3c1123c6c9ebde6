import Tensor

// Products with weights of int8, which the card holds as the checkpoint stores them.
//
// The rows that meet them are rounded to int8 too, each with a scale of its own (W8A8), also in decode. Sums of int32 have no order, so
// a row has the same bits alone and in every batch, at every level of determinism, and rows need no padding. The other way,
// aclnnWeightQuantBatchMatmulV2, keeps rows in bf16 (W8A16); it reads as many bytes, but CANN promises no equal bits for it, not even
// of two runs.

extension AscendDevice {
    /// `product = x · weightᵀ`; x f32 or bf16 `[rows, inputs]`, product bf16 `[rows, outputs]`.
    func multiplyQuantized(_ x: Operand, _ weight: MatrixWeight, scales: Tensor, into product: Operand) {
        let rows = quantizedRows(x)
        stream.multiplyQuantized(
            rows.elements, Operand(dense: weight.elements, [weight.outputs, weight.inputs]), rowScales: rows.scales,
            columnScales: Operand(dense: scales, [weight.outputs]), into: product)
    }

    /// In int8, as all products of one input share it.
    private func quantizedRows(_ x: Operand) -> (elements: Operand, scales: Operand) {
        if let elements = stream.derived.operand(.int8, of: x), let scales = stream.derived.operand(.rowScales, of: x) { return (elements, scales) }
        var rounded = x
        if x.dtype != .bf16 {
            rounded = scratch(x.extents, .bf16)
            stream.copy(x, to: rounded)
        }
        let (elements, scales) = (scratch(x.extents, .i8), scratch([x.extents[0]], .f32))
        stream.quantizeRows(rounded, into: elements, scales: scales)
        stream.derived.keep(elements, .int8, of: x)
        stream.derived.keep(scales, .rowScales, of: x)
        return (elements, scales)
    }
}
