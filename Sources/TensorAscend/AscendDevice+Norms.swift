public import Tensor

// Norms over rows and over heads.

extension AscendDevice {
    public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        if takesNorm(of: x, y) { return rmsNorm(x, weight, epsilon, into: Operand(matrix: y)) }
        let result = scratch([x.rows, x.columns], x.dtype)
        rmsNorm(x, weight, epsilon, into: result)
        stream.copy(result, to: Operand(matrix: y))
    }

    public func addRMSNorm(_ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor) {
        requireSame(x, y)
        let result = scratch([x.rows, x.columns], x.dtype)
        rmsNorm(x, weight, epsilon, into: result)
        stream.add(result, to: Operand(matrix: y))
    }

    public func addRMSNorm(
        _ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor, room: Tensor?, nextWeight: Tensor, nextEpsilon: Float, into normed: Tensor
    ) -> Tensor {
        requireSame(x, y)
        requireSame(x, normed)
        if fused.addRMSNorm, x.dtype == y.dtype, y.isDense, takesNorm(of: y, normed) {
            let result = scratch([x.rows, x.columns], x.dtype)
            rmsNorm(x, weight, epsilon, into: result)
            let sum = room.flatMap { takesNorm(of: y, $0) ? $0 : nil } ?? makeTensor(Shape(y.rows, y.columns), y.dtype)
            if stream.addRMSNorm(
                Operand(matrix: y), result, weight: vector(nextWeight, x.columns, as: y.dtype, "weight"), epsilon: nextEpsilon,
                into: Operand(matrix: normed), reciprocal: scratch([x.rows, 1], .f32), sum: Operand(matrix: sum))
            {
                return sum
            }
            stream.add(result, to: Operand(matrix: y))
        } else {
            addRMSNorm(x, weight: weight, epsilon: epsilon, to: y)
        }
        rmsNorm(y, weight: nextWeight, epsilon: nextEpsilon, into: normed)
        return y
    }

    private func rmsNorm(_ x: Tensor, _ weight: Tensor, _ epsilon: Float, into y: Operand) {
        stream.rmsNorm(
            Operand(matrix: x), weight: vector(weight, x.columns, "weight"), epsilon: epsilon, into: y, reciprocal: scratch([x.rows, 1], .f32))
    }

    /// Whether an operator may write the norm of x to y.
    private func takesNorm(of x: Tensor, _ y: Tensor) -> Bool { y.isDense && x.dtype == y.dtype && x.storage.address != y.storage.address }

    public func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        layerNorm(
            x, weight: weight.map { vector($0, x.columns, "weight") }, bias: bias.map { vector($0, x.columns, "bias") }, epsilon: epsilon, into: y)
    }

    public func modulatedLayerNorm(_ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        layerNorm(
            x, weight: onePlus(scale, x.columns, "scale"), bias: vector(shift, x.columns, "shift"), epsilon: epsilon, into: y)
    }

    /// Through memory of its own where the result goes on top of x, is not dense or of another type.
    private func layerNorm(_ x: Tensor, weight: Operand?, bias: Operand?, epsilon: Float, into y: Tensor) {
        let (x, y, isDirect) = (Operand(matrix: x), Operand(matrix: y), takesNorm(of: x, y))
        let result = isDirect ? y : scratch(y.extents, x.dtype)
        stream.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: result)
        if !isDirect { stream.copy(result, to: y) }
    }

    public func headLayerNorm(_ x: Tensor, headSize: Int, epsilon: Float, rotatingEnd rotation: Rotation?) {
        precondition(headSize > 0 && x.columns % headSize == 0, "\(x.shape) in heads of \(headSize)")
        let normed = makeTensor(Shape(x.rows, x.columns), x.dtype)
        stream.layerNorm(
            Operand(heads: x, headSize: headSize), weight: nil, bias: nil, epsilon: epsilon, into: Operand(heads: normed, headSize: headSize))
        if let rotation, rotateFused(normed, headSize: headSize, by: rotation, into: x) { return }
        copy(normed, to: x)
        if let rotation { rotateInPlace(x.rows(x.rows - rotation.rows..<x.rows), headSize: headSize, by: rotation) }
    }
}
