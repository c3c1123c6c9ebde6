import Tensor
import TensorCPU

/// A small generator, so that a failing test fails again.
struct Random: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// Roughly normal: the sum of four uniforms, scaled to variance 1.
    mutating func normal() -> Float {
        let sum = (0..<4).reduce(Float(0)) { total, _ in total + Float.random(in: -1...1, using: &self) }
        return sum * 0.866
    }

    mutating func normals(_ count: Int) -> [Float] { (0..<count).map { _ in normal() } }
}

/// A matrix of activations with its own values, and memory around its rows that must stay as it is.
struct Matrix {
    let tensor: Tensor
    let rows, columns: Int

    /// - Parameter padding: how many elements further than its length each row begins.
    init(_ device: CPUDevice, _ rows: Int, _ columns: Int, padding: Int = 0, _ random: inout Random) {
        self.init(device, rows, columns, padding: padding, values: random.normals(rows * columns))
    }

    init(_ device: CPUDevice, _ rows: Int, _ columns: Int, padding: Int = 0, values: [Float]) {
        self.rows = rows
        self.columns = columns
        let stride = columns + padding
        let storage = device.makeTensor(Shape(rows * stride + 1), .f32)
        let floats = storage.address.assumingMemoryBound(to: Float.self)
        for index in 0..<rows * stride + 1 { floats[index] = Matrix.untouched }
        // One element in: rows of activations need not be aligned to anything but their elements.
        tensor = Tensor(storage: storage.storage, byteOffset: 4, dtype: .f32, shape: Shape(rows, columns), rowStride: stride)
        for row in 0..<rows {
            for column in 0..<columns { self[row, column] = values[row * columns + column] }
        }
    }

    static let untouched: Float = 12345

    subscript(row: Int, column: Int) -> Float {
        get { tensor.address.assumingMemoryBound(to: Float.self)[row * tensor.rowStride + column] }
        nonmutating set { tensor.address.assumingMemoryBound(to: Float.self)[row * tensor.rowStride + column] = newValue }
    }

    var values: [Float] { (0..<rows).flatMap { row in (0..<columns).map { self[row, $0] } } }

    /// Whether nothing was written between the rows.
    var isIntact: Bool {
        (0..<rows - 1).allSatisfy { row in (columns..<tensor.rowStride).allSatisfy { self[row, $0] == Matrix.untouched } }
    }
}

/// A weight at a chosen, possibly odd address, and the values that its type holds.
struct Weight {
    let tensor: Tensor
    let values: [Double]

    init(_ values: [Float], _ shape: Shape, _ dtype: DType, byteOffset: Int = 0) {
        let byteCount = values.count * dtype.byteCount
        let address = UnsafeMutableRawPointer.allocate(byteCount: byteCount + byteOffset, alignment: 64)
        var held: [Double] = []
        for (index, value) in values.enumerated() {
            let target = address + byteOffset + index * dtype.byteCount
            switch dtype {
            case .f32:
                target.storeBytes(of: value, as: Float.self)
                held.append(Double(value))
            case .bf16:
                let bits = UInt16(truncatingIfNeeded: (value.bitPattern &+ 0x8000) >> 16)
                target.storeBytes(of: bits, as: UInt16.self)
                held.append(Double(Float(bitPattern: UInt32(bits) << 16)))
            case .f16:
                let half = Half(value)
                target.storeBytes(of: half.bits, as: UInt16.self)
                held.append(half.value)
            default: preconditionFailure()
            }
        }
        self.values = held
        let storage = Storage(address: address, byteCount: byteCount + byteOffset) { $0.deallocate() }
        tensor = Tensor(storage: storage, byteOffset: byteOffset, dtype: dtype, shape: shape)
    }
}

/// An IEEE half by arithmetic, so that the tests build on machines without the type.
struct Half {
    let bits: UInt16

    /// Truncated, not rounded: any half near the value serves.
    init(_ value: Float) {
        let magnitude = abs(value)
        let sign: UInt16 = value < 0 ? 0x8000 : 0
        if magnitude < 6.2e-5 {
            bits = sign | UInt16(magnitude * 16_777_216)  // subnormal: units of 2^-24
        } else {
            bits = sign | UInt16(truncatingIfNeeded: (magnitude.bitPattern >> 13) &- (112 << 10))
        }
    }

    var value: Double {
        let exponent = Int(bits >> 10 & 31)
        let fraction = Double(bits & 1023)
        let magnitude = exponent == 0 ? fraction * 0x1p-24 : (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        return bits & 0x8000 != 0 ? -magnitude : magnitude
    }
}

/// The largest difference, relative to the largest true value: what matters to whoever sums these values up.
func relativeError(_ values: [Float], _ truth: [Double]) -> Double {
    precondition(values.count == truth.count)
    var worst = 0.0, scale = 1e-30
    for (value, true_) in zip(values, truth) {
        guard value.isFinite else { return .infinity }
        worst = max(worst, abs(Double(value) - true_))
        scale = max(scale, abs(true_))
    }
    return worst / scale
}

/// Every set of kernels that this machine runs.
let availableKernels = KernelSet.allCases.filter(\.isAvailable)
