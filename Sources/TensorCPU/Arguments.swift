import CKernels
import Tensor

// Tensors as the kernels take them, with their types checked on the way.

extension Tensor {
    /// The elements of an activation.
    var floats: UnsafeMutablePointer<Float> {
        precondition(dtype == .f32, "\(dtype) \(shape) where the CPU computes with f32")
        return address.assumingMemoryBound(to: Float.self)
    }

    /// A checkpoint's tensor of any floating type.
    var weight: ck_weight {
        switch dtype {
        case .f32: ck_weight(data: address, type: CK_F32)
        case .bf16: ck_weight(data: address, type: CK_BF16)
        case .f16: ck_weight(data: address, type: CK_F16)
        case .i64, .i32, .i8, .u8, .bool: preconditionFailure("\(dtype) \(shape) where a floating weight is read")
        }
    }

    /// A weight that is one dense vector of `count` elements.
    func vector(_ count: Int, _ what: StaticString) -> ck_weight {
        precondition(shape.count == count && isDense, "\(what) \(shape) for \(count) columns")
        return weight
    }
}

extension MatrixWeight {
    /// The elements of a product's weight, which may be int8 too.
    var operand: ck_weight { elements.dtype == .i8 ? ck_weight(data: elements.address, type: CK_I8) : elements.weight }
}

extension Optional<Tensor> {
    func vector(_ count: Int, _ what: StaticString) -> ck_weight {
        self?.vector(count, what) ?? ck_weight(data: nil, type: CK_F32)
    }
}

extension Activation {
    var kernel: ck_activation {
        switch self {
        case .identity: CK_IDENTITY
        case .gelu: CK_GELU
        case .geluTanh: CK_GELU_TANH
        case .silu: CK_SILU
        }
    }
}

extension Epilogue {
    /// - Parameter columns: of the result.
    func kernel(columns: Int) -> ck_epilogue {
        switch self {
        case .store(let activation): return ck_epilogue(output: CK_STORE, activation: activation.kernel, gate: nil)
        case .add: return ck_epilogue(output: CK_ADD, activation: CK_IDENTITY, gate: nil)
        case .addGated(let gate):
            precondition(gate.shape.count == columns && gate.isDense, "gate \(gate.shape) for \(columns) columns")
            return ck_epilogue(output: CK_ADD_GATED, activation: CK_IDENTITY, gate: gate.floats)
        }
    }
}

/// Traps unless both have the same rows and columns.
func requireSame(_ x: Tensor, _ y: Tensor) {
    precondition(x.rows == y.rows && x.columns == y.columns, "\(x.shape) against \(y.shape)")
}
