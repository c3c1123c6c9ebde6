extension Tensor {
    /// The elements of a dense floating-point tensor in host memory, as f32.
    public func hostFloats() -> [Float] {
        precondition(isDense && dtype.isFloatingPoint, "\(dtype) \(shape) read as host floats")
        let count = shape.count
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                let bits16 = { address.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self) }
                buffer[index] =
                    switch dtype {
                    case .f32: address.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
                    case .bf16: Float(bf16: bits16())
                    case .f16: floatFromHalf(bits16())
                    default: 0
                    }
            }
            initialized = count
        }
    }

    /// The elements of a dense integer tensor in host memory.
    public func hostIntegers() -> [Int] {
        precondition(isDense, "\(shape) read as host integers")
        return (0..<shape.count).map { index in
            switch dtype {
            case .i64: Int(address.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
            case .i32: Int(address.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
            case .i8: Int(address.load(fromByteOffset: index, as: Int8.self))
            case .u8, .bool: Int(address.load(fromByteOffset: index, as: UInt8.self))
            default: preconditionFailure("\(dtype) read as integers")
            }
        }
    }
}

/// An IEEE half as a float; written out because `Float16` is missing on x86 macOS and slow without F16C.
private func floatFromHalf(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let mantissa = UInt32(bits & 0x3ff)
    switch exponent {
    case 0: return Float(sign: sign == 0 ? .plus : .minus, exponent: -24, significand: Float(mantissa))
    case 31: return Float(bitPattern: sign | 0x7f80_0000 | mantissa << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | mantissa << 13)
    }
}
