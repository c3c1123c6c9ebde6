public import Tensor

// Rotary positions.

extension AscendDevice {
    public func rotate(_ x: Tensor, headSize: Int, style: RotaryStyle, cosine: Tensor, sine: Tensor) {
        let angles = cosine.columns
        precondition(
            headSize > 0 && x.columns % headSize == 0 && cosine.rows == x.rows && sine.rows == x.rows && cosine.columns == sine.columns
                && 2 * angles <= headSize,
            "\(x.shape) in heads of \(headSize) rotated by \(cosine.shape) and \(sine.shape)")
        if fused[keyPath: style.flag], rotateFused(x, headSize, style, cosine, sine) { return }
        let (first, second) = Operand.pairs(x, headSize: headSize, angles: angles, style)
        let cosine = Operand(cosine, [x.rows, 1, angles], strides: [cosine.rowStride, angles, 1])
        let sine = Operand(sine, [x.rows, 1, angles], strides: [sine.rowStride, angles, 1])
        let (firstTurned, secondTurned) = (scratch(first.extents, .f32), scratch(second.extents, .f32))
        stream.multiply(first, cosine, into: firstTurned)
        stream.addProduct(second, sine, factor: -1, to: firstTurned)
        stream.multiply(second, cosine, into: secondTurned)
        stream.addProduct(first, sine, to: secondTurned)
        stream.copy(firstTurned, to: first)
        stream.copy(secondTurned, to: second)
    }

    private func rotateFused(_ x: Tensor, _ headSize: Int, _ style: RotaryStyle, _ cosine: Tensor, _ sine: Tensor) -> Bool {
        let width = 2 * cosine.columns
        /// The angle of each element, which the operator wants written out: `[1, rows, 1, width]`.
        func both(_ angles: Tensor) -> Operand {
            let source = Operand(matrix: angles)
            if let found = stream.derived.operand(.angles(style), of: source) { return found.reshaped([1, x.rows, 1, width]) }
            let result = scratch([x.rows, width], .f32)
            switch style {
            case .halves: stream.concatenate(source, source, into: result)
            case .interleaved:
                let column = Operand(angles, [x.rows, angles.columns, 1], strides: [angles.rowStride, 1, 1])
                stream.concatenate(column, column, into: result.reshaped([x.rows, angles.columns, 2]))
            }
            stream.derived.keep(result, .angles(style), of: source)
            return result.reshaped([1, x.rows, 1, width])
        }
        let heads = Operand(heads: x, headSize: headSize, width: width)
        let view = Operand(
            x, [1] + heads.extents, strides: [x.rows * x.rowStride] + heads.strides)
        let turned = scratch(view.extents, .f32)
        guard stream.rotate(view, style, cosine: both(cosine), sine: both(sine), into: turned) else { return false }
        stream.copy(turned.reshaped(heads.extents), to: heads)
        return true
    }
}

extension RotaryStyle {
    /// Whether the fused operator rotates so.
    fileprivate var flag: WritableKeyPath<FusedOperators, Bool> { self == .halves ? \.rotary : \.interleavedRotary }
}

extension Operand {
    /// The first and the second element of each pair of each head, `[rows, heads, angles]` each.
    fileprivate static func pairs(_ x: Tensor, headSize: Int, angles: Int, _ style: RotaryStyle) -> (first: Operand, second: Operand) {
        let (step, distance) = style == .halves ? (1, angles) : (2, 1)
        func view(_ from: Int) -> Operand {
            Operand(x, [x.rows, x.columns / headSize, angles], strides: [x.rowStride, headSize, step], offset: from)
        }
        return (view(0), view(distance))
    }
}
