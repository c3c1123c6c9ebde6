public import Tensor

// Operations on rows of activations.

extension AscendDevice {
    public func embed(_ ids: [Int32], table: Tensor, into y: Tensor) {
        precondition(y.rows == ids.count && y.columns == table.columns, "\(ids.count) ids of \(table.shape) into \(y.shape)")
        precondition(ids.allSatisfy { $0 >= 0 && Int($0) < table.rows }, "an id outside a table of \(table.rows)")
        embed(indices(ids), table, y)
    }

    /// Ids i64 `[rows]`.
    func embed(_ ids: Operand, _ table: Tensor, _ y: Tensor) {
        if table.dtype == y.dtype, y.isDense {
            stream.gather(Operand(matrix: table), ids, into: Operand(matrix: y))
        } else {
            let rows = scratch([y.rows, table.columns], table.dtype)
            stream.gather(Operand(matrix: table), ids, into: rows)
            stream.copy(rows, to: Operand(matrix: y))
        }
    }

    public func scatter(_ x: Tensor, rows: [Int32], into table: Tensor) {
        precondition(x.rows == rows.count && x.columns == table.columns, "\(x.shape) to \(rows.count) rows of \(table.dtype) \(table.shape)")
        precondition(rows.allSatisfy { $0 >= 0 && Int($0) < table.rows }, "a row outside a table of \(table.rows)")
        var source = Operand(matrix: x)
        if table.dtype != x.dtype || !x.isDense {
            let rounded = scratch([x.rows, x.columns], table.dtype)
            stream.copy(source, to: rounded)
            source = rounded
        }
        stream.scatter(source, indices(rows).reshaped([rows.count, 1]), into: Operand(matrix: table))
    }

    public func gated(_ activation: Activation, gate: Tensor, up: Tensor, into y: Tensor) {
        requireSame(gate, y)
        requireSame(up, y)
        if fused.swiGlu, activation == .silu, gatedFused(gate, up, y) { return }
        let activated = scratch([y.rows, y.columns], .f32)
        activate(activation, Operand(matrix: gate), into: activated)
        stream.multiply(activated, Operand(matrix: up), into: Operand(matrix: y))
    }

    /// Where gate and up are the halves of one dense matrix.
    private func gatedFused(_ gate: Tensor, _ up: Tensor, _ y: Tensor) -> Bool {
        let columns = gate.columns
        guard gate.storage === up.storage, gate.storage !== y.storage, y.isDense, gate.dtype == y.dtype, gate.rowStride == 2 * columns,
            up.rowStride == 2 * columns, up.byteOffset == gate.byteOffset + columns * gate.dtype.byteCount
        else { return false }
        return stream.swiGlu(Operand(gate, [gate.rows, 2 * columns], strides: [2 * columns, 1]), into: Operand(matrix: y))
    }

    public func activate(_ activation: Activation, _ x: Tensor, into y: Tensor) {
        requireSame(x, y)
        activate(activation, Operand(matrix: x), into: Operand(matrix: y))
    }

    /// From one type to the other, too, which no operator of an activation does.
    private func activate(_ activation: Activation, _ x: Operand, into y: Operand) {
        guard x.dtype != y.dtype else { return stream.activate(activation, x, into: y) }
        stream.copy(x, to: y)
        if activation != .identity { stream.activate(activation, y, into: y) }
    }

    public func add(_ x: Tensor, to y: Tensor) {
        requireSame(x, y)
        stream.add(Operand(matrix: x), to: Operand(matrix: y))
    }

    public func add(_ x: Tensor, times a: Float, to y: Tensor, times b: Float) {
        requireSame(x, y)
        let sum = Operand(matrix: y)
        if b != 1 { stream.multiply(sum, b, into: sum) }
        stream.add(Operand(matrix: x), times: a, to: sum)
    }

    public func meanAbsolute(_ x: Tensor, into mean: Tensor) {
        precondition(mean.shape.count == 1 && x.shape.count > 0, "the mean of \(x.shape) into \(mean.shape)")
        let absolute = scratch([x.rows, x.columns], .f32)
        stream.absolute(Operand(matrix: x), into: absolute)
        stream.mean(absolute, into: Operand(dense: mean, [1, 1]))
    }

    public func copy(_ x: Tensor, to y: Tensor) {
        requireSame(x, y)
        precondition(
            x.dtype == y.dtype || (x.dtype.isFloatingPoint && y.dtype.isFloatingPoint), "\(x.dtype) \(x.shape) copied into \(y.dtype)")
        stream.copy(Operand(matrix: x), to: Operand(matrix: y))
    }

    public func argmax(_ x: Tensor, into indices: Tensor) {
        precondition(
            indices.dtype == .i32 && indices.shape.count == x.rows && indices.isDense,
            "the largest of \(x.shape) into \(indices.dtype) \(indices.shape)")
        stream.argmax(Operand(matrix: x), into: Operand(dense: indices, [x.rows]))
    }

    /// Traps unless both have the same rows and columns.
    func requireSame(_ x: Tensor, _ y: Tensor) {
        precondition(x.rows == y.rows && x.columns == y.columns, "\(x.shape) against \(y.shape)")
    }
}
