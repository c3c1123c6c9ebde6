import CKernels
public import Tensor

// Operations on rows of activations.

extension CPUDevice {
    public func multiplies(_ form: MatrixWeight.Form) -> Bool {
        form.layout == .rowMajor && (form.elementType == .i8 ? form.isScaled : form.elementType.isFloatingPoint && !form.isScaled)
    }

    public func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, _ epilogue: Epilogue, into y: Tensor) {
        product(x, weight, bias: bias, up: nil, epilogue, into: y)
    }

    /// - Parameter up: of a gated product, like the weight.
    private func product(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, up: MatrixWeight?, _ epilogue: Epilogue, into y: Tensor) {
        weight.checkProduct(x, into: y)
        up?.checkProduct(x, into: y)
        precondition(multiplies(weight.form), "a product with a weight of the form \(weight.form)")
        var call = ck_linear_call(
            x: x.floats, x_stride: x.rowStride, rows: x.rows, in: weight.inputs, out: weight.outputs,
            weight: weight.operand, bias: bias.vector(weight.outputs, "bias"), scales: weight.scales?.floats,
            up: up?.operand ?? ck_weight(data: nil, type: CK_F32), up_scales: up?.scales?.floats,
            epilogue: epilogue.kernel(columns: weight.outputs), y: y.floats, y_stride: y.rowStride)
        ck_linear(context, &call)
    }

    /// At once where products of many rows are the kernels' own: what the two products are is then never written.
    public func gatedLinear(_ x: Tensor, _ weight: GatedWeight, _ activation: Activation, room: GatedRoom, into y: Tensor) {
        let (gate, up) = weight.halves
        guard x.rows > batchRows, gate.form == up.form, !ck_uses_openblas(context) else {
            return gatedLinearInSteps(x, weight, activation, room: room, into: y)
        }
        product(x, gate, bias: nil, up: up, .store(activation), into: y)
    }

    /// Part by part: a row's bits may depend on how many rows a product has.
    public func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, adding parts: [GatedRows], to y: Tensor) {
        for part in parts where !part.rows.isEmpty {
            linear(x.rows(part.rows), weight, bias: bias, .addGated(part.gate), into: y.rows(part.rows))
        }
    }

    public func embed(_ ids: [Int32], table: Tensor, into y: Tensor) {
        precondition(y.rows == ids.count && y.columns == table.columns, "\(ids.count) ids of \(table.shape) into \(y.shape)")
        precondition(ids.allSatisfy { $0 >= 0 && Int($0) < table.rows }, "an id outside a table of \(table.rows)")
        ids.withUnsafeBufferPointer {
            ck_embed(context, $0.baseAddress, ids.count, table.weight, table.rowStride, table.columns, y.floats, y.rowStride)
        }
    }

    public func embed(_ ids: Tensor, table: Tensor, into y: Tensor) { embed(ids.hostIntegers().map(Int32.init), table: table, into: y) }

    public func scatter(_ x: Tensor, rows: [Int32], into table: Tensor) {
        precondition(
            x.rows == rows.count && x.columns == table.columns && table.dtype != .f16,
            "\(x.shape) to \(rows.count) rows of \(table.dtype) \(table.shape)")
        precondition(rows.allSatisfy { $0 >= 0 && Int($0) < table.rows }, "a row outside a table of \(table.rows)")
        let target = table.weight
        rows.withUnsafeBufferPointer {
            ck_scatter(context, x.floats, x.rowStride, x.columns, $0.baseAddress, rows.count, table.address, target.type, table.rowStride)
        }
    }

    public func scatter(_ x: Tensor, rows: Tensor, into table: Tensor) { scatter(x, rows: rows.hostIntegers().map(Int32.init), into: table) }

    public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        ck_rms_norm(context, x.floats, x.rowStride, x.rows, x.columns, weight.vector(x.columns, "weight"), epsilon, false, y.floats, y.rowStride)
    }

    public func addRMSNorm(_ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor) {
        requireSame(x, y)
        ck_rms_norm(context, x.floats, x.rowStride, x.rows, x.columns, weight.vector(x.columns, "weight"), epsilon, true, y.floats, y.rowStride)
    }

    public func addRMSNorm(
        _ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor, room: Tensor?, nextWeight: Tensor, nextEpsilon: Float, into normed: Tensor
    ) -> Tensor {
        addRMSNorm(x, weight: weight, epsilon: epsilon, to: y)
        rmsNorm(y, weight: nextWeight, epsilon: nextEpsilon, into: normed)
        return y
    }

    public func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        ck_layer_norm(
            context, x.floats, x.rowStride, x.rows, x.columns, weight.vector(x.columns, "weight"), bias.vector(x.columns, "bias"), false, epsilon,
            y.floats, y.rowStride)
    }

    public func modulatedLayerNorm(_ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Float, into y: Tensor) {
        requireSame(x, y)
        ck_layer_norm(
            context, x.floats, x.rowStride, x.rows, x.columns, scale.vector(x.columns, "scale"), shift.vector(x.columns, "shift"), true, epsilon,
            y.floats, y.rowStride)
    }

    public func headLayerNorm(_ x: Tensor, headSize: Int, epsilon: Float, rotatingEnd rotation: Rotation?) {
        precondition(headSize > 0 && x.columns % headSize == 0, "\(x.shape) in heads of \(headSize)")
        ck_head_layer_norm(context, x.floats, x.rowStride, x.rows, x.columns / headSize, headSize, epsilon)
        if let rotation { _ = rotated(x.rows(x.rows - rotation.rows..<x.rows), headSize: headSize, by: rotation) }
    }

    /// In place.
    public func rotated(_ x: Tensor, headSize: Int, by rotation: Rotation) -> Tensor {
        rotation.checkArguments(x, headSize: headSize)
        precondition(rotation.rows == x.rows, "\(x.shape) with angles for \(rotation.rows) rows")
        ck_rotate(
            context, rotation.style == .halves ? CK_HALVES : CK_INTERLEAVED, x.floats, x.rowStride, x.rows, x.columns / headSize, headSize,
            rotation.cosine.floats, rotation.cosine.rowStride, rotation.sine.floats, rotation.sine.rowStride, rotation.angles)
        return x
    }

    public func gated(_ activation: Activation, gate: Tensor, up: Tensor, into y: Tensor) {
        requireSame(gate, y)
        requireSame(up, y)
        ck_gated(context, activation.kernel, gate.floats, gate.rowStride, up.floats, up.rowStride, y.rows, y.columns, y.floats, y.rowStride)
    }

    public func activate(_ activation: Activation, _ x: Tensor, into y: Tensor) {
        requireSame(x, y)
        ck_activate(context, activation.kernel, x.floats, x.rowStride, x.rows, x.columns, y.floats, y.rowStride)
    }

    public func add(_ x: Tensor, to y: Tensor) {
        requireSame(x, y)
        ck_add(context, x.floats, x.rowStride, x.rows, x.columns, y.floats, y.rowStride)
    }

    public func add(_ x: Tensor, times a: Float, to y: Tensor, times b: Float) {
        requireSame(x, y)
        ck_add_scaled(context, a, x.floats, x.rowStride, x.rows, x.columns, b, y.floats, y.rowStride)
    }

    public func meanAbsolute(_ x: Tensor, into mean: Tensor) {
        precondition(mean.shape.count == 1 && x.shape.count > 0, "the mean of \(x.shape) into \(mean.shape)")
        mean.floats.pointee = ck_mean_absolute(context, x.floats, x.rowStride, x.rows, x.columns)
    }

    public func copy(_ x: Tensor, to y: Tensor) {
        requireSame(x, y)
        precondition(x.dtype == y.dtype, "\(x.dtype) \(x.shape) copied into \(y.dtype)")
        let size = x.dtype.byteCount
        ck_copy(context, x.address, x.rowStride * size, x.rows, x.columns * size, y.address, y.rowStride * size)
    }

    public func argmax(_ x: Tensor, into indices: Tensor) {
        precondition(
            indices.dtype == .i32 && indices.shape.count == x.rows && indices.isDense,
            "the largest of \(x.shape) into \(indices.dtype) \(indices.shape)")
        ck_argmax(context, x.floats, x.rowStride, x.rows, x.columns, indices.address.assumingMemoryBound(to: Int32.self))
    }

    public func sample(_ logits: Tensor, _ parameters: [SamplingParameters], into sampled: SampledTokens) {
        precondition(
            parameters.count == logits.rows && sampled.ids.shape.count == parameters.count, "\(parameters.count) samples from \(logits.shape)")
        let (ids, mass) = sampler.sample(parameters) {
            UnsafeBufferPointer(start: logits.floats + $0 * logits.rowStride, count: logits.columns)
        }
        ids.withUnsafeBytes { write($0, to: sampled.ids) }
        write(mass, to: sampled.mass)
    }
}
