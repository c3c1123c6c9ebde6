public import Tensor

// Products with weights.

extension AscendDevice {
    public func multiplies(_ form: MatrixWeight.Form) -> Bool {
        form.layout == .rowMajor
            && (form.elementType == .i8 ? form.isScaled && fused.int8Products : form.elementType.isFloatingPoint && !form.isScaled)
    }

    public func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, _ epilogue: Epilogue, into y: Tensor) {
        weight.checkProduct(x, into: y)
        precondition(multiplies(weight.form), "a product with a weight of the form \(weight.form)")
        let (rows, outputs, type) = (x.rows, weight.outputs, weight.elements.dtype)
        if let scales = weight.scales {
            let product = scratch([rows, outputs], .bf16)
            multiplyQuantized(Operand(matrix: x), weight, scales: scales, into: product)
            return finish(product, bias: bias, epilogue, into: Operand(matrix: y))
        }
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

    /// How products of `type` are computed.
    func mathType(_ type: DType) -> Int8 { type == .f32 ? chip.exactMathType : 0 }
}
