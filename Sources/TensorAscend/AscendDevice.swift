public import Domain
import CAscend
public import Tensor

/// An Ascend NPU as a device, driven through CANN.
///
/// Between operations activations are of the type that the chip multiplies, or f32 where nothing is rounded. Operations are queued on one
/// stream and run behind the host, which waits in `read` and `synchronize()` only. One thread at a time drives a device. It should stay the
/// same one, because CANN keeps its own plans for each thread. Which of CANN's fused operators are used is settled when the device is made:
/// each operation is compared with the same computed on the host, see ``SelfTestExtent``.
public final class AscendDevice: Device, @unchecked Sendable {
    public let name: String
    public let precision: Precision
    /// Among the cards that this process may see.
    let index: Int
    /// The card and the software below it.
    public let information: AscendInformation
    /// Fused operators that this device does without, and why.
    public private(set) var fallbacks: [String] = []
    /// What CANN took of the level that was asked for.
    public let determinism: DeterminismLevel
    /// Rows computed alone, together and twice, bit by bit: what the self-test found of them. It changes nothing.
    public private(set) var rowComparisons: [RowComparison] = []

    let stream: Stream
    let memory: DeviceMemory
    let chip: Chip
    var fused = FusedOperators()
    /// Convolutions of f32 are computed in HF32, because CANN does not let them keep f32.
    var roundsConvolutions = false
    var hostSampler = HostSampler()
    let downloads: Downloads
    private let staging: Staging
    private var tables = DeviceTables()
    private var recordedTables = DeviceTables(keepsAll: true)
    /// For each number of columns.
    var samplingInputs: [Int: SamplingInputs] = [:]
    var recordedSampling = RecordedSteps<SampledMemory>()
    /// Why nothing more is recorded; nil while recordings are made.
    public internal(set) var recordingFailure: String? {
        didSet { if let recordingFailure { whenRecordingFails?(recordingFailure) } }
    }
    /// Called with it, once, on the thread that drives the device.
    public var whenRecordingFails: (@Sendable (String) -> Void)?

    /// - Parameters:
    ///   - index: among the cards that this process may see.
    ///   - name: for messages; nil: `npu:` and the index.
    ///   - determinism: nil: the highest level that this CANN takes.
    ///   - timeout: how long the device may take for what is queued before it counts as lost, in seconds.
    ///   - selfTest: what is computed before the device is used.
    /// - Throws: `DeviceError`: there is no such card, its chip or the level is not supported, or an operator without fallback computes wrongly.
    public convenience init(
        _ index: Int = 0, name: String? = nil, precision: Precision = .bf16, determinism: DeterminismLevel? = nil, timeout: Int = 300,
        selfTest: SelfTestExtent = .quick
    ) throws {
        try self.init(
            index, name: name, precision: precision, determinism: determinism, timeout: timeout, selfTest: selfTest, fused: FusedOperators())
    }

    /// - Parameter fused: those that may be used at all.
    package init(
        _ index: Int, name: String? = nil, precision: Precision, determinism: DeterminismLevel? = nil, timeout: Int,
        selfTest: SelfTestExtent = .quick, fused: FusedOperators
    ) throws {
        let cann = try CANN.load()
        let name = name ?? "\(DeviceID.npu(index))"
        self.name = name
        self.precision = precision
        self.index = index
        guard index >= 0, index < cann.deviceCount else { throw DeviceError(.unavailable, "\(name): this process sees \(cann.deviceCount) cards") }
        chip = try Chip(name: cann.chipName)
        let context = try cann.context(index, name)
        self.determinism = try cann.setDeterminism(determinism, in: context, name)
        stream = try Stream(cann, name: name, context: context, timeout: Int32(timeout * 1000))
        information = AscendInformation(cann, chip, stream)
        memory = DeviceMemory(stream, tileRows: ChipCatalogue.batchRows, of: precision == .f32 ? nil : chip.reducedType)
        downloads = Downloads(stream)
        guard let staging = Staging(stream) else {
            stream.end()
            throw DeviceError(.unavailable, "\(name): no pinned host memory")
        }
        self.staging = staging
        self.fused = fused
        try SelfTest(self).run(selfTest) { self.fallbacks.append($0) }
        if selfTest == .fullWithRows { rowComparisons = try SelfTest(self).compareRows() }
    }

    deinit {
        samplingInputs = [:]
        tables.removeAll()
        recordedTables.removeAll()
        stream.derived.removeAll()
        guard !stream.isLost else { return }
        stream.end()
        downloads.end()
        staging.end()
        memory.end()
    }

    public var hostCalls: HostCalls? { stream.calls }

    /// How long the device may take for what is queued before it counts as lost, in seconds.
    package var timeout: Int {
        get { Int(stream.timeout) / 1000 }
        set { stream.timeout = Int32(newValue * 1000) }
    }

    /// The most plans of operators that are kept.
    package var mostPlans: Int {
        get { stream.mostPlans }
        set { stream.mostPlans = newValue }
    }

    /// Bytes of the card's memory that this device holds, in use or kept for later.
    package var reservedMemory: Int { memory.byteCount }

    /// What operands of products are rounded to; nil where nothing is rounded.
    var reducedType: DType? { precision == .f32 ? nil : chip.reducedType }

    public var activationType: DType { reducedType ?? .f32 }
    public var cacheType: DType { activationType }
    /// Fewer rows than this are multiplied as this many, so that the tiles, and with them the order of sums, stay the same.
    public var batchRows: Int { ChipCatalogue.batchRows }

    public func makeTensor(_ shape: Shape, _ dtype: DType) -> Tensor { memory.makeTensor(shape, dtype) }
    public func releaseUnusedMemory() {
        recordedTables.removeAll()
        samplingInputs = [:]
        memory.trim()
    }

    /// Copies the weight to the device, in its own type where products read that type, in f32 otherwise.
    public func place(_ weight: Tensor) -> Tensor {
        precondition(weight.isDense && (weight.dtype.isFloatingPoint || weight.dtype == .i8), "a weight \(weight.dtype) \(weight.shape)")
        let target: DType = weight.dtype == .i8 ? .i8 : weight.dtype == .bf16 ? reducedType ?? .f32 : .f32
        let placed = memory.makeTensor(weight.shape, target, asWeight: true)
        let bytes = UnsafeRawBufferPointer(start: weight.address, count: weight.byteCount)
        if target == weight.dtype {
            write(bytes, to: placed)
        } else {
            let stored = makeTensor(weight.shape, weight.dtype)
            write(bytes, to: stored)
            let extents = [weight.shape.count]
            stream.copy(Operand(dense: stored, extents), to: Operand(dense: placed, extents))
        }
        return placed
    }

    /// Among the weights, so that what is made of it stays valid in recordings.
    public func placeVector(_ values: [Float]) -> Tensor {
        let placed = memory.makeTensor(Shape(values.count), .f32, asWeight: true)
        write(values, to: placed)
        return placed
    }

    public func placeConvolution(weight: Tensor, bias: Tensor?) -> ConvolutionWeight {
        precondition(weight.shape.rank == 4 && weight.shape[2] == weight.shape[3], "a convolution's weight \(weight.shape)")
        return ConvolutionWeight(
            outChannels: weight.shape[0], inChannels: weight.shape[1], kernel: weight.shape[2], weight: place(weight), bias: bias)
    }

    public func clear(_ tensor: Tensor) {
        precondition(tensor.isDense, "\(tensor.dtype) \(tensor.shape) cleared")
        guard tensor.storage.address != Stream.nowhere else { return }
        stream.derived.forget(tensor.storage.address)
        stream.check("aclrtMemsetAsync of \(tensor.byteCount) bytes") {
            $0.aclrtMemsetAsync(tensor.address, tensor.byteCount, 0, tensor.byteCount, stream.handle)
        }
    }

    public func write(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
        precondition(tensor.isDense && tensor.byteCount == bytes.count, "\(bytes.count) bytes into \(tensor.dtype) \(tensor.shape)")
        guard tensor.storage.address != Stream.nowhere else { return }
        stream.derived.forget(tensor.storage.address)
        staging.upload(bytes, to: tensor.address)
    }

    public func read(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws {
        precondition(tensor.isDense && tensor.byteCount == bytes.count, "\(tensor.dtype) \(tensor.shape) into \(bytes.count) bytes")
        try synchronize()
        guard bytes.count > 0 else { return }
        guard tensor.storage.address != Stream.nowhere else {
            throw DeviceError(.outOfMemory, "\(name): \(tensor.dtype) \(tensor.shape) read, for which the device had no memory")
        }
        stream.check("aclrtMemcpy of \(bytes.count) bytes to the host") {
            $0.aclrtMemcpy(bytes.baseAddress, bytes.count, tensor.address, bytes.count, ACL_MEMCPY_DEVICE_TO_HOST)
        }
        try synchronize()
    }

    public func synchronize() throws {
        do { try stream.synchronize() } catch {
            // What was to be filled behind the failure was not.
            tables.removeAll()
            stream.derived.removeAll()
            if stream.wait() {
                stream.destroyRecordings()
                recordedTables.removeAll()
            }
            throw error
        }
    }

    public func checkFailure() throws { if !stream.isUsable { try synchronize() } }

    /// A dense operand with undefined contents, whose memory serves others as soon as nothing that is still to be queued holds it.
    func scratch(_ extents: [Int], _ dtype: DType, format: Operand.Format = .plain) -> Operand {
        Operand(dense: memory.makeTensor(Shape(extents.reduce(1, *)), dtype), extents, format: format)
    }

    /// A constant on the device, uploaded once while it is asked for again and again. It lies beside the weights, so that constants that
    /// come and go leave the addresses of activations, and with them the plans, as they are.
    func table(_ key: DeviceTables.Key, _ shape: Shape, _ dtype: DType, bytes: () -> [UInt8]) -> Tensor {
        func tensor(_ tables: inout DeviceTables) -> Tensor {
            tables.tensor(key, shape, dtype, make: { memory.makeTensor(shape, dtype, asWeight: true) }) { tensor in
                bytes().withUnsafeBytes { write($0, to: tensor) }
            }
        }
        return memory.isRecording ? tensor(&recordedTables) : tensor(&tables)
    }

    /// Row numbers as the device reads them, i64.
    func indices(_ rows: [Int32]) -> Operand {
        let tensor = table(.rows(rows), Shape(rows.count), .i64) { rows.map(Int64.init).withUnsafeBytes(Array.init) }
        return Operand(dense: tensor, [rows.count])
    }
}

/// Fused operators, each of which has a composition of others to fall back on.
package struct FusedOperators: Sendable, Hashable {
    package var attention = true
    package var causalAttention = true
    package var pagedAttention = true
    /// By halves, and by interleaved pairs.
    package var rotary = true
    package var interleavedRotary = true
    package var swiGlu = true
    package var groupNormSilu = true
    /// The sum and the norm of it in one.
    package var addRMSNorm = true
    /// Sort, running sums and counts, by which the device samples; without them the host does.
    package var sampling = true
    /// Steps of a loop that are recorded and replayed; without, each operator is launched.
    package var recording = true
    /// Products with weights of int8, which have no composition: without them such weights are refused.
    package var int8Products = true

    package init() {}

    /// All compositions, no fused operator.
    package static let none: FusedOperators = {
        var none = FusedOperators()
        for flag in [
            \FusedOperators.attention, \.causalAttention, \.pagedAttention, \.rotary, \.interleavedRotary, \.swiGlu, \.groupNormSilu,
            \.addRMSNorm, \.sampling, \.recording, \.int8Products,
        ] {
            none[keyPath: flag] = false
        }
        return none
    }()
}
