public import Domain
import CKernels
public import Tensor

/// The CPU as a device: kernels chosen at run time by what the processor offers, on a pool of threads of its own.
///
/// Operations are done when the call returns. Activations are f32; weights are read where they lie, f32, bf16, f16 or
/// int8, at any address. One device serves one thread at a time; its scratch memory grows to the largest operation and stays.
public final class CPUDevice: Device, @unchecked Sendable {
    public let name = "cpu"
    public let threads: Int
    /// What the products really run with: `.f32` where bf16 was asked for but the kernels have none.
    public let precision: Precision
    /// The kernels in use.
    public let kernels: KernelSet
    let context: OpaquePointer
    /// Weights of convolutions that the kernels read in another order, made at their first use.
    var packedConvolutions: [ConvolutionKey: (weight: Tensor, packed: Tensor)] = [:]
    var sampler = HostSampler()

    /// - Parameters:
    ///   - threads: how many threads an operation uses, the caller's among them; all processors that this process may use if nil.
    ///   - kernels: the best that this machine runs if nil. Asking for others that it lacks is a programmer's mistake.
    public init(threads: Int? = nil, precision: Precision = .f32, kernels: KernelSet? = nil) {
        let kernels = kernels ?? .best
        precondition(kernels.isAvailable, "this machine has no \(kernels)")
        precondition(threads ?? 1 > 0, "\(threads ?? 0) threads")
        context = ck_create(threads.map(Int32.init) ?? ck_processors(), kernels.set, precision == .bf16)
        self.threads = Int(ck_threads(context))
        self.kernels = kernels
        self.precision = ck_uses_bf16(context) ? .bf16 : .f32
    }

    deinit { ck_destroy(context) }

    /// Processors that this process may use.
    public static var processors: Int { Int(ck_processors()) }

    /// The kernels in use, as in a benchmark's head line: the name of their set, `generic` with
    /// `+openblas-haswell` where that multiplies: with kernels of its own for each processor.
    public var features: String {
        let name = String(cString: ck_name(context))
        guard ck_uses_openblas(context) else { return name }
        return "\(name)+openblas" + (ck_openblas_kernels(context).map { "-" + String(cString: $0).lowercased() } ?? "")
    }

    /// Whether products with int8 weights round their activations to int8 too, row by row, as they do where the processor multiplies int8.
    public var multipliesInt8: Bool { ck_uses_int8(context) }

    /// Rounds them on any processor, with the bits of one that multiplies int8, slowly: to compare with it.
    package func useInt8() { ck_use_int8(context) }

    public var activationType: DType { .f32 }
    public var cacheType: DType { precision == .bf16 ? .bf16 : .f32 }
    public var batchRows: Int { Int(CK_BATCH_ROWS) }

    public func makeTensor(_ shape: Shape, _ dtype: DType) -> Tensor {
        let byteCount = shape.count * dtype.byteCount
        guard let address = ck_allocate(max(byteCount, 1)) else { fatalError("out of memory for \(byteCount) bytes") }
        return Tensor(storage: Storage(address: address, byteCount: byteCount) { ck_free($0) }, dtype: dtype, shape: shape)
    }

    /// The system has it already.
    public func releaseUnusedMemory() {}

    public func place(_ weight: Tensor) -> Tensor { weight }

    public func placeVector(_ values: [Float]) -> Tensor { makeTensor(values, Shape(values.count)) }

    public func clear(_ tensor: Tensor) {
        precondition(tensor.isDense, "\(tensor.dtype) \(tensor.shape) cleared")
        tensor.address.initializeMemory(as: UInt8.self, repeating: 0, count: tensor.byteCount)
    }

    public func write(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
        precondition(tensor.isDense && tensor.byteCount == bytes.count, "\(bytes.count) bytes into \(tensor.dtype) \(tensor.shape)")
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        tensor.address.copyMemory(from: source, byteCount: bytes.count)
    }

    public func read(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) {
        precondition(tensor.isDense && tensor.byteCount == bytes.count, "\(tensor.dtype) \(tensor.shape) into \(bytes.count) bytes")
        guard let target = bytes.baseAddress, bytes.count > 0 else { return }
        target.copyMemory(from: tensor.address, byteCount: bytes.count)
    }

    public func readLater(_ tensor: Tensor) -> PendingRead {
        var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
        bytes.withUnsafeMutableBytes { read(tensor, into: $0) }
        return PendingRead { [bytes] in bytes }
    }

    public func synchronize() {}
}
