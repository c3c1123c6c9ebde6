public import Tensor

// Products with weights.

extension AscendDevice {
    public func multiplies(_ form: MatrixWeight.Form) -> Bool {
        form.elementType.isFloatingPoint && !form.isScaled && form.layout == .rowMajor
    }

    public func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, _ epilogue: Epilogue, into y: Tensor) {
        weight.checkProduct(x, into: y)
        guard case .store(let activation) = epilogue else {
            return finish(product(x, weight, bias: bias, into: nil), bias: nil, epilogue, into: Operand(matrix: y))
        }
        let (result, target) = (product(x, weight, bias: bias, into: y), Operand(matrix: y))
        if result.view != target.view { stream.copy(result, to: target) }
        if activation != .identity { stream.activate(activation, target, into: target) }
    }

    public func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, adding parts: [GatedRows], to y: Tensor) {
        weight.checkProduct(x, into: y)
        let result = product(x, weight, bias: bias, into: nil)
        for part in parts where !part.rows.isEmpty {
            finish(result.slice(0, part.rows), bias: nil, .addGated(part.gate), into: Operand(matrix: y.rows(part.rows)))
        }
    }

    /// `x · weightᵀ + bias` in the weight's type, `[rows, outputs]`: in y where that has the type and room for whole tiles of rows.
    private func product(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, into y: Tensor?) -> Operand {
        precondition(multiplies(weight.form), "a product with a weight of the form \(weight.form)")
        let (type, outputs, rows) = (weight.elements.dtype, weight.outputs, max(x.rows, batchRows))
        let right = Operand(dense: weight.elements, [outputs, weight.inputs]).permuted([1, 0])
        // What stands behind few rows is multiplied with them; no row of a product depends on another.
        let isApart = y.map { $0.storage.address != x.storage.address } ?? true
        let own = x.dtype == type && isApart ? Operand(matrix: x, readingRows: rows) : nil
        let left = own ?? rounded(Operand(matrix: x), rows: rows, type)
        let inPlace = y.flatMap { $0.dtype == type && isApart ? Operand(matrix: $0, writingRows: rows) : nil }
        let target = inPlace ?? scratch([rows, outputs], type)
        if let bias {
            stream.addmm(vector(bias, outputs, as: type, "bias"), left, right, mathType: mathType(type), into: target)
        } else {
            stream.matmul(left, right, mathType: mathType(type), into: target)
        }
        return target.slice(0, 0..<x.rows)
    }

    /// A copy of a matrix in the type of a weight, with rows of anything behind its own.
    private func rounded(_ x: Operand, rows: Int, _ type: DType) -> Operand {
        let form = DerivedOperands.Rounded(type: type, rows: rows)
        if let found = stream.derived.rounded(form, of: x) { return found }
        let result = scratch([rows, x.extents[1]], type)
        stream.copy(x, to: result.slice(0, 0..<x.extents[0]))
        stream.derived.keep(result, form, of: x)
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
            // Of one type: an operator that is given several converts each of them for itself.
            let gate = vector(gate, columns, as: y.dtype, "gate")
            var sum = result
            if bias != nil || result.dtype != y.dtype {
                sum = scratch(y.extents, y.dtype)
                if let bias { stream.add(result, bias, into: sum) } else { stream.copy(result, to: sum) }
            }
            stream.addProduct(sum, gate, to: y)
        }
    }

    /// How products of `type` are computed.
    func mathType(_ type: DType) -> Int8 { type == .f32 ? chip.exactMathType : 0 }
}
