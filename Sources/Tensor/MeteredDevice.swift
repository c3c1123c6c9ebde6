/// A device that counts what passes through it: the products an operation multiplies, the weights it reads, the time it takes, and
/// the memory of the tensors it makes.
///
/// Wrapped around a real device it shows the least that a part of the model costs, without a second description of the model.
public final class MeteredDevice: Device, @unchecked Sendable {
    /// What was counted since the last reset.
    public struct Work: Sendable, Hashable {
        /// Two for each multiply-and-add of products, attention and convolutions.
        public var floatingPointOperations: Double = 0
        /// Bytes of weights, each counted at every use.
        public var weightBytes: Double = 0
        /// Calls of the driver, where the device has one.
        public var hostCalls: HostCalls?

        public init(floatingPointOperations: Double = 0, weightBytes: Double = 0) {
            self.floatingPointOperations = floatingPointOperations
            self.weightBytes = weightBytes
        }

        fileprivate static func - (left: Work, right: Work) -> Work {
            Work(
                floatingPointOperations: left.floatingPointOperations - right.floatingPointOperations,
                weightBytes: left.weightBytes - right.weightBytes)
        }

        fileprivate static func += (work: inout Work, more: Work) {
            work.floatingPointOperations += more.floatingPointOperations
            work.weightBytes += more.weightBytes
        }
    }

    /// Of tensors and weights that were made through this device; what the device keeps beside them is not counted.
    public let memory = MemoryMeter()
    private let base: any Device
    private var counted = Work()
    /// What each replay of a recording does, as long as somebody has the recording.
    private var recorded: [ObjectIdentifier: Recorded] = [:]
    /// Since the last reset.
    public private(set) var time = OperationTime()
    private let clock = ContinuousClock()

    private struct Recorded {
        weak var recording: Recording?
        let work: Work
    }

    private var callsAtReset: HostCalls?

    public init(_ base: any Device) {
        self.base = base
        callsAtReset = base.hostCalls
    }

    public func reset() {
        counted = Work()
        time = OperationTime()
        callsAtReset = base.hostCalls
    }

    public var work: Work {
        var result = counted
        if let now = base.hostCalls, let before = callsAtReset { result.hostCalls = now - before }
        return result
    }

    private func timed<Result>(_ kind: WritableKeyPath<OperationTime, Duration>, _ operation: () -> Result) -> Result {
        let start = clock.now
        defer { time[keyPath: kind] += clock.now - start }
        return operation()
    }

    public var name: String { base.name }
    public var activationType: DType { base.activationType }
    public var cacheType: DType { base.cacheType }
    public var batchRows: Int { base.batchRows }
    public var stepsAhead: Int { base.stepsAhead }
    public var hostCalls: HostCalls? { base.hostCalls }
    public var readsWholePages: Bool { base.readsWholePages }

    public func record(writing outputs: [Tensor], _ body: () -> Void) -> Recording? {
        let before = counted
        let recording = base.record(writing: outputs) {
            // However often it runs, the work is done once.
            counted = before
            body()
        }
        guard let recording else {
            counted = before
            return nil
        }
        recorded = recorded.filter { $0.value.recording != nil }
        recorded[ObjectIdentifier(recording)] = Recorded(recording: recording, work: counted - before)
        return recording
    }

    public func replay(_ recording: Recording) -> Bool {
        guard base.replay(recording) else {
            recorded[ObjectIdentifier(recording)] = nil
            return false
        }
        if let work = recorded[ObjectIdentifier(recording)]?.work { counted += work }
        return true
    }
    public func makeTensor(_ shape: Shape, _ dtype: DType) -> Tensor { memory.tracking(base.makeTensor(shape, dtype)) }
    public func releaseUnusedMemory() { base.releaseUnusedMemory() }
    public func place(_ weight: Tensor) -> Tensor { memory.tracking(base.place(weight), of: weight) }
    public func placeVector(_ values: [Float]) -> Tensor { memory.tracking(base.placeVector(values)) }
    public func placeConvolution(weight: Tensor, bias: Tensor?) -> ConvolutionWeight {
        let placed = base.placeConvolution(weight: weight, bias: bias)
        return ConvolutionWeight(
            outChannels: placed.outChannels, inChannels: placed.inChannels, kernel: placed.kernel,
            weight: memory.tracking(placed.weight, of: weight), bias: placed.bias)
    }
    public func clear(_ tensor: Tensor) { base.clear(tensor) }
    public func write(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) { base.write(bytes, to: tensor) }
    public func read(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws { try base.read(tensor, into: bytes) }
    public func readLater(_ tensor: Tensor) -> PendingRead { base.readLater(tensor) }
    public func synchronize() throws { try base.synchronize() }
    public func checkFailure() throws { try base.checkFailure() }

    public func multiplies(_ form: MatrixWeight.Form) -> Bool { base.multiplies(form) }

    public func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, _ epilogue: Epilogue, into y: Tensor) {
        count(weight, rows: x.rows)
        timed(\.products) { base.linear(x, weight, bias: bias, epilogue, into: y) }
    }

    public func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, adding parts: [GatedRows], to y: Tensor) {
        count(weight, rows: x.rows)
        timed(\.products) { base.linear(x, weight, bias: bias, adding: parts, to: y) }
    }

    public func gatedLinear(_ x: Tensor, _ weight: GatedWeight, _ activation: Activation, room: GatedRoom, into y: Tensor) {
        count(weight.halves.gate, rows: x.rows)
        count(weight.halves.up, rows: x.rows)
        timed(\.products) { base.gatedLinear(x, weight, activation, room: room, into: y) }
    }

    private func count(_ weight: MatrixWeight, rows: Int) {
        counted.floatingPointOperations += 2 * Double(rows) * Double(weight.elements.shape.count)
        counted.weightBytes += Double(weight.byteCount)
    }

    public func attention(_ parameters: Attention, query: Tensor, key: Tensor, value: Tensor, into output: Tensor) {
        var pairs = Double(query.rows) * Double(key.rows)
        if parameters.isCausal { pairs -= Double(query.rows) * Double(query.rows - 1) / 2 }
        counted.floatingPointOperations += 4 * pairs * Double(parameters.heads * parameters.headSize)
        timed(\.attention) { base.attention(parameters, query: query, key: key, value: value, into: output) }
    }

    public func pagedAttention(_ parameters: Attention, query: Tensor, keys: Tensor, values: Tensor, pages: PlacedPages, into output: Tensor) {
        let pairs = pages.table.lengths.reduce(0.0) { $0 + Double($1) }
        counted.floatingPointOperations += 4 * pairs * Double(parameters.heads * parameters.headSize)
        timed(\.attention) { base.pagedAttention(parameters, query: query, keys: keys, values: values, pages: pages, into: output) }
    }

    public func convolution(
        _ x: Tensor, _ weight: ConvolutionWeight, stride: Int, padding: Padding, upsampling: Int, _ epilogue: Epilogue, into y: Tensor
    ) {
        counted.floatingPointOperations += 2 * Double(y.shape.count) * Double(weight.inChannels * weight.kernel * weight.kernel)
        counted.weightBytes += Double(weight.weight.shape.count * weight.weight.dtype.byteCount)
        timed(\.products) { base.convolution(x, weight, stride: stride, padding: padding, upsampling: upsampling, epilogue, into: y) }
    }

    public func embed(_ ids: [Int32], table: Tensor, into y: Tensor) { timed(\.elementWise) { base.embed(ids, table: table, into: y) } }
    public func embed(_ ids: Tensor, table: Tensor, into y: Tensor) { timed(\.elementWise) { base.embed(ids, table: table, into: y) } }
    public func scatter(_ x: Tensor, rows: [Int32], into table: Tensor) { timed(\.elementWise) { base.scatter(x, rows: rows, into: table) } }
    public func scatter(_ x: Tensor, rows: Tensor, into table: Tensor) { timed(\.elementWise) { base.scatter(x, rows: rows, into: table) } }
    public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor) {
        timed(\.elementWise) { base.rmsNorm(x, weight: weight, epsilon: epsilon, into: y) }
    }
    public func addRMSNorm(_ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor) {
        timed(\.elementWise) { base.addRMSNorm(x, weight: weight, epsilon: epsilon, to: y) }
    }
    public func addRMSNorm(
        _ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor, room: Tensor?, nextWeight: Tensor, nextEpsilon: Float, into normed: Tensor
    ) -> Tensor {
        timed(\.elementWise) {
            base.addRMSNorm(
                x, weight: weight, epsilon: epsilon, to: y, room: room, nextWeight: nextWeight, nextEpsilon: nextEpsilon, into: normed)
        }
    }
    public func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into y: Tensor) {
        timed(\.elementWise) { base.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: y) }
    }
    public func modulatedLayerNorm(_ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Float, into y: Tensor) {
        timed(\.elementWise) { base.modulatedLayerNorm(x, scale: scale, shift: shift, epsilon: epsilon, into: y) }
    }
    public func headLayerNorm(_ x: Tensor, headSize: Int, epsilon: Float, rotatingEnd rotation: Rotation?) {
        timed(\.elementWise) { base.headLayerNorm(x, headSize: headSize, epsilon: epsilon, rotatingEnd: rotation) }
    }
    public func rotated(_ x: Tensor, headSize: Int, by rotation: Rotation) -> Tensor {
        timed(\.elementWise) { base.rotated(x, headSize: headSize, by: rotation) }
    }
    public func gated(_ activation: Activation, gate: Tensor, up: Tensor, into y: Tensor) {
        timed(\.elementWise) { base.gated(activation, gate: gate, up: up, into: y) }
    }
    public func activate(_ activation: Activation, _ x: Tensor, into y: Tensor) { timed(\.elementWise) { base.activate(activation, x, into: y) } }
    public func add(_ x: Tensor, to y: Tensor) { timed(\.elementWise) { base.add(x, to: y) } }
    public func add(_ x: Tensor, times a: Float, to y: Tensor, times b: Float) {
        timed(\.elementWise) { base.add(x, times: a, to: y, times: b) }
    }
    public func meanAbsolute(_ x: Tensor, into mean: Tensor) { timed(\.elementWise) { base.meanAbsolute(x, into: mean) } }
    public func copy(_ x: Tensor, to y: Tensor) { timed(\.elementWise) { base.copy(x, to: y) } }
    public func argmax(_ x: Tensor, into indices: Tensor) { timed(\.elementWise) { base.argmax(x, into: indices) } }
    public func sample(_ logits: Tensor, _ parameters: [SamplingParameters], into sampled: SampledTokens) {
        timed(\.elementWise) { base.sample(logits, parameters, into: sampled) }
    }
    public func groupNorm(_ x: Tensor, groups: Int, weight: Tensor, bias: Tensor, epsilon: Float, activation: Activation, into y: Tensor) {
        timed(\.elementWise) { base.groupNorm(x, groups: groups, weight: weight, bias: bias, epsilon: epsilon, activation: activation, into: y) }
    }
}
