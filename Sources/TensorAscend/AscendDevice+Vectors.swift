import Tensor

// Vectors of weights and modulation, in the type that an operator wants.

extension AscendDevice {
    /// A dense vector, as f32.
    func vector(_ tensor: Tensor, _ count: Int, _ what: StaticString) -> Operand { vector(tensor, count, as: .f32, what) }

    /// A dense vector, converted once while it is unchanged.
    func vector(_ tensor: Tensor, _ count: Int, as type: DType, _ what: StaticString) -> Operand {
        precondition(tensor.shape.count == count && tensor.isDense, "\(what) \(tensor.shape) for \(count) columns")
        if tensor.dtype == type { return Operand(dense: tensor, [count]) }
        return derived(.converted(type), of: tensor, count) { stream.copy($0, to: $1) }
    }

    /// 1 + a dense vector of f32, computed once while it is unchanged. In f32: near 1, bf16 would drop most of the vector's bits.
    func onePlus(_ tensor: Tensor, _ count: Int, _ what: StaticString) -> Operand {
        precondition(
            tensor.shape.count == count && tensor.isDense && tensor.dtype == .f32, "\(what) \(tensor.dtype) \(tensor.shape) for \(count) columns")
        return derived(.plusOne, of: tensor, count) { stream.add($0, 1, into: $1) }
    }

    /// Of all the memory that the vector is a part of, so that the vectors of one product take one operator.
    private func derived(_ form: DerivedOperands.Vector, of tensor: Tensor, _ count: Int, _ make: (Operand, Operand) -> Void) -> Operand {
        let (whole, start) = Operand.whole(tensor)
        let type: DType = if case .converted(let type) = form { type } else { .f32 }
        if let found = stream.derived.vector(form, of: whole) { return found.slice(0, start..<start + count) }
        let result = scratch(whole.extents, type)
        make(whole, result)
        stream.derived.keep(result, form, of: whole)
        return result.slice(0, start..<start + count)
    }
}
