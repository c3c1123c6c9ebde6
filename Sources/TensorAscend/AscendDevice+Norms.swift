public import Tensor

// Norms over rows and over heads.

extension AscendDevice {
    public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        if y.isDense && x.storage !== y.storage { return rmsNorm(x, weight, epsilon, into: Operand(matrix: y)) }
        let result = scratch([x.rows, x.columns], .f32)
        rmsNorm(x, weight, epsilon, into: result)
        stream.copy(result, to: Operand(matrix: y))
    }

    public func addRMSNorm(_ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor) {
        requireSame(x, y)
        let result = scratch([x.rows, x.columns], .f32)
        rmsNorm(x, weight, epsilon, into: result)
        stream.add(result, to: Operand(matrix: y))
    }

    private func rmsNorm(_ x: Tensor, _ weight: Tensor, _ epsilon: Float, into y: Operand) {
        stream.rmsNorm(
            Operand(matrix: x), weight: vector(weight, x.columns, "weight"), epsilon: epsilon, into: y, reciprocal: scratch([x.rows, 1], .f32))
    }

    public func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        layerNorm(
            Operand(matrix: x), weight: weight.map { vector($0, x.columns, "weight") }, bias: bias.map { vector($0, x.columns, "bias") },
            epsilon: epsilon,
            into: Operand(matrix: y))
    }

    public func modulatedLayerNorm(_ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        let weight = scratch([x.columns], .f32)
        stream.add(vector(scale, x.columns, "scale"), 1, into: weight)
        layerNorm(Operand(matrix: x), weight: weight, bias: vector(shift, x.columns, "shift"), epsilon: epsilon, into: Operand(matrix: y))
    }

    public func headLayerNorm(_ x: Tensor, headSize: Int, epsilon: Float) {
        precondition(headSize > 0 && x.columns % headSize == 0, "\(x.shape) in heads of \(headSize)")
        let heads = Operand(heads: x, headSize: headSize)
        layerNorm(heads, weight: nil, bias: nil, epsilon: epsilon, into: heads)
    }

    /// Through memory of its own where the result goes on top of x or is not dense.
    private func layerNorm(_ x: Operand, weight: Operand?, bias: Operand?, epsilon: Float, into y: Operand) {
        if y.isDense && x.storage !== y.storage { return stream.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: y) }
        let result = scratch(y.extents, .f32)
        stream.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: result)
        stream.copy(result, to: y)
    }
}
