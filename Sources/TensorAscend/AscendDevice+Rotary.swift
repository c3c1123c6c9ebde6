public import Tensor

// Rotary positions.

extension AscendDevice {
    public func rotate(_ x: Tensor, headSize: Int, cosine: Tensor, sine: Tensor) {
        let angles = cosine.columns
        precondition(
            headSize > 0 && x.columns % headSize == 0 && cosine.rows == x.rows && sine.rows == x.rows && cosine.columns == sine.columns
                && 2 * angles <= headSize,
            "\(x.shape) in heads of \(headSize) rotated by \(cosine.shape) and \(sine.shape)")
        if fused.rotary, rotateFused(x, headSize, cosine, sine) { return }
        let low = Operand(heads: x, headSize: headSize, width: angles)
        let high = Operand(heads: x, headSize: headSize, from: angles, width: angles)
        let cosine = Operand(cosine, [x.rows, 1, angles], strides: [cosine.rowStride, angles, 1])
        let sine = Operand(sine, [x.rows, 1, angles], strides: [sine.rowStride, angles, 1])
        let (lowTurned, highTurned) = (scratch(low.extents, .f32), scratch(high.extents, .f32))
        stream.multiply(low, cosine, into: lowTurned)
        stream.addProduct(high, sine, factor: -1, to: lowTurned)
        stream.multiply(high, cosine, into: highTurned)
        stream.addProduct(low, sine, to: highTurned)
        stream.copy(lowTurned, to: low)
        stream.copy(highTurned, to: high)
    }

    private func rotateFused(_ x: Tensor, _ headSize: Int, _ cosine: Tensor, _ sine: Tensor) -> Bool {
        let width = 2 * cosine.columns
        /// The angles of both halves, which the operator wants written out: `[1, rows, 1, width]`.
        func both(_ angles: Tensor) -> Operand {
            let angles = Operand(matrix: angles)
            if let found = stream.derived.operand(.bothHalves, of: angles) { return found.reshaped([1, x.rows, 1, width]) }
            let result = scratch([x.rows, width], .f32)
            stream.concatenate(angles, angles, into: result)
            stream.derived.keep(result, .bothHalves, of: angles)
            return result.reshaped([1, x.rows, 1, width])
        }
        let heads = Operand(heads: x, headSize: headSize, width: width)
        let view = Operand(
            x, [1] + heads.extents, strides: [x.rows * x.rowStride] + heads.strides)
        let turned = scratch(view.extents, .f32)
        guard stream.rotateHalves(view, cosine: both(cosine), sine: both(sine), into: turned) else { return false }
        stream.copy(turned.reshaped(heads.extents), to: heads)
        return true
    }
}
