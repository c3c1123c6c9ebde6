public import Tensor

// Rotary positions.

extension AscendDevice {
    public func rotated(_ x: Tensor, headSize: Int, by rotation: Rotation) -> Tensor {
        precondition(rotation.rows == x.rows, "\(x.shape) with angles for \(rotation.rows) rows")
        if fused[keyPath: rotation.style.flag] {
            let y = makeTensor(Shape(x.rows, x.columns), x.dtype)
            if rotateFused(x, headSize: headSize, by: rotation, into: y) { return y }
        }
        rotateInPlace(x, headSize: headSize, by: rotation)
        return x
    }

    /// By products and sums, f32 in between.
    func rotateInPlace(_ x: Tensor, headSize: Int, by rotation: Rotation) {
        rotation.checkArguments(x, headSize: headSize)
        let angles = rotation.angles
        let (first, second) = Operand.pairs(x, headSize: headSize, angles: angles, rotation.style)
        let cosine = Operand(rotation.cosine, [x.rows, 1, angles], strides: [rotation.cosine.rowStride, angles, 1])
        let sine = Operand(rotation.sine, [x.rows, 1, angles], strides: [rotation.sine.rowStride, angles, 1])
        let (firstTurned, secondTurned) = (scratch(first.extents, .f32), scratch(second.extents, .f32))
        stream.multiply(first, cosine, into: firstTurned)
        stream.addProduct(second, sine, factor: -1, to: firstTurned)
        stream.multiply(second, cosine, into: secondTurned)
        stream.addProduct(first, sine, to: secondTurned)
        stream.copy(firstTurned, to: first)
        stream.copy(secondTurned, to: second)
    }

    /// The last rows of x turn, the others are copied. Whole heads go through the operator: what is not rotated has angles of 0, and so has
    /// what is in front of the rotated rows.
    /// - Returns: false where the operator is not used, or does not take it; y is undefined then.
    func rotateFused(_ x: Tensor, headSize: Int, by rotation: Rotation, into y: Tensor) -> Bool {
        rotation.checkArguments(x, headSize: headSize)
        let (rows, heads, width) = (x.rows, x.columns / headSize, 2 * rotation.angles)
        guard fused[keyPath: rotation.style.flag], y.isDense, y.dtype == x.dtype, width > 0 else { return false }
        // Halves of a part of the head are halves of a narrower head, of which the rest is more of the same.
        let isNarrow = rotation.style == .halves && width < headSize
        guard !isNarrow || (x.isDense && headSize % width == 0) else { return false }
        func form(rest: Float) -> DerivedOperands.Angles {
            DerivedOperands.Angles(
                style: rotation.style, headSize: headSize, heads: isNarrow ? heads : nil, rows: rows, type: x.dtype, rest: rest)
        }
        let narrow = [1, rows * heads * headSize / width, 1, width]
        let from =
            isNarrow
            ? Operand(dense: x, narrow)
            : Operand(x, [1, rows, heads, headSize], strides: [rows * x.rowStride, x.rowStride, headSize, 1])
        let spread = isNarrow ? narrow : [1, rows, 1, headSize]
        return stream.rotate(
            from, rotation.style, cosine: writtenOut(rotation.cosine, form(rest: 1)).reshaped(spread),
            sine: writtenOut(rotation.sine, form(rest: 0)).reshaped(spread),
            into: Operand(dense: y, isNarrow ? narrow : [1, rows, heads, headSize]))
    }

    /// Cosines or sines of each element of a head, `[rows, heads or 1, headSize]`. They are computed in f32 and rounded once, because the
    /// operator wants them in the type of what it rotates.
    private func writtenOut(_ angles: Tensor, _ form: DerivedOperands.Angles) -> Operand {
        let source = Operand(matrix: angles)
        if let found = stream.derived.angles(form, of: source) { return found }
        let (rows, width) = (angles.rows, 2 * angles.columns)
        func constant(_ rows: Int, _ columns: Int) -> [Operand] {
            guard rows > 0, columns > 0 else { return [] }
            let tensor = table(.constant(form.rest), Shape(rows, columns), .f32) {
                [Float](repeating: form.rest, count: rows * columns).withUnsafeBytes(Array.init)
            }
            return [Operand(dense: tensor, [rows, columns])]
        }
        var line = [source, source]
        if form.style == .interleaved {
            let pairs = scratch([rows, angles.columns, 2], .f32)
            let column = Operand(angles, [rows, angles.columns, 1], strides: [angles.rowStride, 1, 1])
            stream.concatenate([column, column], axis: -1, into: pairs)
            line = [pairs.reshaped([rows, width])]
        }
        var result = joined(line + constant(rows, form.headSize - width), axis: -1, [rows, form.headSize])
        result = joined(constant(form.rows - rows, form.headSize) + [result], axis: 0, [form.rows, form.headSize])
        if form.heads != nil || form.type != .f32 {
            let spread = scratch([form.rows, form.heads ?? 1, form.headSize], form.type)
            stream.copy(result.reshaped([form.rows, 1, form.headSize]), to: spread)
            result = spread
        }
        stream.derived.keep(result, form, of: source)
        return result
    }

    private func joined(_ parts: [Operand], axis: Int, _ extents: [Int]) -> Operand {
        if parts.count == 1 { return parts[0] }
        let result = scratch(extents, .f32)
        stream.concatenate(parts, axis: axis, into: result)
        return result
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
