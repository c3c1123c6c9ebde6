public import Tensor

// Operations on rows of activations.

extension AscendDevice {
    public func multiplies(_ form: MatrixWeight.Form) -> Bool {
        form.elementType.isFloatingPoint && !form.isScaled && form.layout == .rowMajor
    }

    public func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, _ epilogue: Epilogue, into y: Tensor) {
        weight.checkProduct(x, into: y)
        precondition(multiplies(weight.form), "a product with a weight of the form \(weight.form)")
        let (rows, outputs, type) = (x.rows, weight.outputs, weight.elements.dtype)
        let padded = max(rows, batchRows)
        let right = Operand(dense: weight.elements, [outputs, weight.inputs]).permuted([1, 0])
        var left = Operand(matrix: x)
        if padded != rows || type != .f32 { left = rounded(left, rows: padded, type) }
        if type == .f32, padded == rows, y.isDense, case .store(let activation) = epilogue {
            let target = Operand(matrix: y)
            if let bias {
                stream.addmm(vector(bias, outputs, "bias"), left, right, mathType: mathType(type), into: target)
            } else {
                stream.matmul(left, right, mathType: mathType(type), into: target)
            }
            if activation != .identity { stream.activate(activation, target, into: target) }
            return
        }
        let product = scratch([padded, outputs], type)
        stream.matmul(left, right, mathType: mathType(type), into: product)
        finish(product.slice(0, 0..<rows), bias: bias, epilogue, into: Operand(matrix: y))
    }

    /// A copy of a matrix in the type of a weight, with rows of anything behind its own.
    private func rounded(_ x: Operand, rows: Int, _ type: DType) -> Operand {
        if let found = stream.derived.operand(.rounded(type, rows: rows), of: x) { return found }
        let result = scratch([rows, x.extents[1]], type)
        stream.copy(x, to: result.slice(0, 0..<x.extents[0]))
        stream.derived.keep(result, .rounded(type, rows: rows), of: x)
        return result
    }

    /// What a product does with its result: `result` and `y` have the same extents, channels last.
    func finish(_ result: Operand, bias: Tensor?, _ epilogue: Epilogue, into y: Operand) {
        let columns = y.extents[y.view.rank - 1]
        let bias = bias.map { vector($0, columns, "bias") }
        switch epilogue {
        case .store(let activation):
            if let bias { stream.add(result, bias, into: y) } else { stream.copy(result, to: y) }
            if activation != .identity { stream.activate(activation, y, into: y) }
        case .add:
            stream.add(result, to: y)
            if let bias { stream.add(bias, to: y) }
        case .addGated(let gate):
            let gate = vector(gate, columns, "gate")
            var sum = result
            if bias != nil || result.dtype != .f32 {
                sum = scratch(y.extents, .f32)
                if let bias { stream.add(result, bias, into: sum) } else { stream.copy(result, to: sum) }
            }
            stream.addProduct(sum, gate, to: y)
        }
    }

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
        stream.scatter(source, indices(rows), into: Operand(matrix: table))
    }

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

    public func gated(_ activation: Activation, gate: Tensor, up: Tensor, into y: Tensor) {
        requireSame(gate, y)
        requireSame(up, y)
        if fused.swiGlu, activation == .silu, gatedFused(gate, up, y) { return }
        let activated = scratch([y.rows, y.columns], .f32)
        stream.activate(activation, Operand(matrix: gate), into: activated)
        stream.multiply(activated, Operand(matrix: up), into: Operand(matrix: y))
    }

    /// Where gate and up are the halves of one dense matrix.
    private func gatedFused(_ gate: Tensor, _ up: Tensor, _ y: Tensor) -> Bool {
        let columns = gate.columns
        guard gate.storage === up.storage, gate.storage !== y.storage, y.isDense, gate.rowStride == 2 * columns, up.rowStride == 2 * columns,
            up.byteOffset == gate.byteOffset + columns * gate.dtype.byteCount
        else { return false }
        return stream.swiGlu(Operand(gate, [gate.rows, 2 * columns], strides: [2 * columns, 1]), into: Operand(matrix: y))
    }

    public func activate(_ activation: Activation, _ x: Tensor, into y: Tensor) {
        requireSame(x, y)
        stream.activate(activation, Operand(matrix: x), into: Operand(matrix: y))
    }

    public func add(_ x: Tensor, to y: Tensor) {
        requireSame(x, y)
        stream.add(Operand(matrix: x), to: Operand(matrix: y))
    }

    public func copy(_ x: Tensor, to y: Tensor) {
        requireSame(x, y)
        precondition(x.dtype == y.dtype, "\(x.dtype) \(x.shape) copied into \(y.dtype)")
        stream.copy(Operand(matrix: x), to: Operand(matrix: y))
    }

    public func argmax(_ x: Tensor, into indices: Tensor) {
        precondition(
            indices.dtype == .i32 && indices.shape.count == x.rows && indices.isDense,
            "the largest of \(x.shape) into \(indices.dtype) \(indices.shape)")
        stream.argmax(Operand(matrix: x), into: Operand(dense: indices, [x.rows]))
    }

    /// How products of `type` are computed.
    func mathType(_ type: DType) -> Int8 { type == .f32 ? chip.exactMathType : 0 }

    /// Traps unless both have the same rows and columns.
    private func requireSame(_ x: Tensor, _ y: Tensor) {
        precondition(x.rows == y.rows && x.columns == y.columns, "\(x.shape) against \(y.shape)")
    }

    /// A dense vector, as f32.
    func vector(_ tensor: Tensor, _ count: Int, _ what: StaticString) -> Operand {
        precondition(tensor.shape.count == count && tensor.isDense, "\(what) \(tensor.shape) for \(count) columns")
        let stored = Operand(dense: tensor, [count])
        if tensor.dtype == .f32 { return stored }
        let widened = scratch([count], .f32)
        stream.copy(stored, to: widened)
        return widened
    }
}
