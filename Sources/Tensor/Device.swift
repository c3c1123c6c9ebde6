/// What computes: the operations of the model, coarse enough that each backend can fuse them.
///
/// Operations write into tensors that the caller made before (a workspace), so that a loop of steps allocates nothing. They are
/// queued in order from one thread; a failure is thrown by `synchronize()` or `read`, which wait for the queue. Shapes
/// that don't fit are the caller's mistake and trap with both shapes. Activations are `f32` or of the device's ``activationType``,
/// of both in one operation where that is not `f32`; weights are `f32`, `bf16` or `f16` as the checkpoint stores them, those of
/// products also `i8` with a scale for each output. Vectors and angles are `f32`. A matrix of activations is `[rows, columns]`, row
/// stride free; images are `[height, width, channels]`, dense.
public protocol Device: AnyObject, Sendable {
    /// As on the command line: `cpu`, `npu:0`.
    var name: String { get }

    /// The element type in which models hold what passes from one operation to the next.
    var activationType: DType { get }
    /// The element type of stored keys and values.
    var cacheType: DType { get }
    /// Up to this many rows, each row of a product, a norm or any other operation on rows has the same bits whatever the number of rows;
    /// on an accelerator as far as its level of determinism goes.
    var batchRows: Int { get }

    /// Steps of a loop that may be queued before the results of the first are read, so that the device never waits for the host.
    var stepsAhead: Int { get }

    /// Attention over pages also reads the rows behind a sequence's end, and gives them no weight.
    var readsWholePages: Bool { get }

    /// Calls of the driver so far; nil for a device that has none.
    var hostCalls: HostCalls? { get }

    /// Runs `body` and records what it queues, for ``replay(_:)``.
    ///
    /// `body` runs up to three times: each time it must do the same to the same tensors, which were made before, and it neither writes,
    /// reads nor waits. Inputs are written between replays, into the same tensors. What it writes to `outputs`, which are dense, is
    /// compared bit by bit with what a replay writes.
    /// - Returns: nil if the device records nothing, or could not record this, for example because it took numbers from the host; `body` may
    ///   then not have run.
    func record(writing outputs: [Tensor], _ body: () -> Void) -> Recording?
    /// Queues the recorded work.
    /// - Returns: false if the device has dropped the recording, or never had it. Nothing was queued then.
    func replay(_ recording: Recording) -> Bool

    /// A dense tensor with undefined contents.
    func makeTensor(_ shape: Shape, _ dtype: DType) -> Tensor
    /// Frees the memory that the device keeps although no tensor uses it. Waits for the queue, if the device has one.
    func releaseUnusedMemory()
    /// A checkpoint's tensor where the device can read it. The CPU returns it as it is: a view of the file's map.
    func place(_ weight: Tensor) -> Tensor
    /// A vector of a checkpoint as f32 `[values]`, which is never written again.
    func placeVector(_ values: [Float]) -> Tensor
    /// A convolution's weight `[out, in, kernel, kernel]` in the layout that the device's convolution reads, made once at load.
    func placeConvolution(weight: Tensor, bias: Tensor?) -> ConvolutionWeight
    /// Fills a dense tensor with zero bytes.
    func clear(_ tensor: Tensor)
    /// Copies host bytes into a dense tensor of as many bytes.
    func write(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor)
    /// Waits for the queue, then copies a dense tensor's bytes to the host.
    func read(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws
    /// Queues a copy of a dense tensor's bytes to the host, behind the work that was queued before.
    func readLater(_ tensor: Tensor) -> PendingRead
    /// Waits for all queued work; throws the first failure since the last call.
    func synchronize() throws
    /// The same if a failure is known already, such as an operation that was refused when it was queued. Else it does nothing.
    func checkFailure() throws

    /// Whether ``linear(_:_:bias:_:into:)`` reads weights of this form.
    func multiplies(_ form: MatrixWeight.Form) -> Bool
    /// `y = epilogue(x · weightᵀ + bias)`: x `[rows, in]`, weight `[out, in]`, bias `[out]`, y `[rows, out]`.
    func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, _ epilogue: Epilogue, into y: Tensor)
    /// `y += gate · (x · weightᵀ + bias)` for the rows of each part by its own gate. Parts don't overlap; other rows of y stay.
    func linear(_ x: Tensor, _ weight: MatrixWeight, bias: Tensor?, adding parts: [GatedRows], to y: Tensor)
    /// `y = activation(x · gateᵀ) · (x · upᵀ)`: x `[rows, in]`, y `[rows, out]`, which may be the room's gate.
    func gatedLinear(_ x: Tensor, _ weight: GatedWeight, _ activation: Activation, room: GatedRoom, into y: Tensor)
    /// `y[i] = table[ids[i]]`: table `[entries, columns]`, y `[ids, columns]`. Ids must be below `entries`.
    func embed(_ ids: [Int32], table: Tensor, into y: Tensor)
    /// The same with ids that are on the device: `i32 [ids]`.
    func embed(_ ids: Tensor, table: Tensor, into y: Tensor)
    /// `table[rows[i]] = x[i]`, rounded to the table's type: x `[rows, columns]`, table `[entries, columns]`. Rows differ.
    func scatter(_ x: Tensor, rows: [Int32], into table: Tensor)
    /// The same with row numbers that are on the device: `i32 [rows]`.
    func scatter(_ x: Tensor, rows: Tensor, into table: Tensor)
    /// `y = x · rsqrt(mean(x²) + epsilon) · weight`, row by row; y may be x.
    func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor)
    /// `y += rmsNorm(x)`: the second half of a sandwich norm.
    func addRMSNorm(_ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor)
    /// The sum `y + rmsNorm(x)`, and `normed = rmsNorm(sum)` by the weight of the norm that follows; `normed` may be x.
    /// - Parameter room: memory like y that the device may put the sum into; nil: memory of its own.
    /// - Returns: the sum. Where it is not y, y is free.
    func addRMSNorm(
        _ x: Tensor, weight: Tensor, epsilon: Float, to y: Tensor, room: Tensor?, nextWeight: Tensor, nextEpsilon: Float, into normed: Tensor
    ) -> Tensor
    /// `y = (x − mean) · rsqrt(variance + epsilon)`, then `· weight + bias` where given, row by row; y may be x.
    func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into y: Tensor)
    /// `y = layerNorm(x) · (1 + scale) + shift`: scale and shift `[columns]`, f32 (adaLN).
    func modulatedLayerNorm(_ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Float, into y: Tensor)
    /// LayerNorm without weights over each head of `x [rows, heads · headSize]`, in place; then the last rows, as many as `rotation` has
    /// angles for, turn as in ``rotated(_:headSize:by:)``.
    func headLayerNorm(_ x: Tensor, headSize: Int, epsilon: Float, rotatingEnd rotation: Rotation?)
    /// `x [rows, heads · headSize]` with the first `2 · angles` elements of each head rotated. `rotation` has angles for each row.
    /// - Returns: a tensor like x: x itself, or other memory, and x is free.
    func rotated(_ x: Tensor, headSize: Int, by rotation: Rotation) -> Tensor
    /// `y = activation(gate) · up`, all `[rows, columns]`; y may be gate.
    func gated(_ activation: Activation, gate: Tensor, up: Tensor, into y: Tensor)
    /// `y = activation(x)`; y may be x.
    func activate(_ activation: Activation, _ x: Tensor, into y: Tensor)
    /// `y += x`.
    func add(_ x: Tensor, to y: Tensor)
    /// `y = a · x + b · y`.
    func add(_ x: Tensor, times a: Float, to y: Tensor, times b: Float)
    /// The mean of the absolute values of `x [rows, columns]`, which is not empty, into the one element of `mean`, f32.
    func meanAbsolute(_ x: Tensor, into mean: Tensor)
    /// Copies `x` into `y`, same shape, strides free, from one type of activations to the other where they differ.
    func copy(_ x: Tensor, to y: Tensor)
    /// Softmax attention that never holds the score matrix. query `[rows, heads · headSize]`, key and value
    /// `[keys, keyValueHeads · headSize]`, output like query. Query head h reads key head `h / (heads / keyValueHeads)`.
    func attention(_ parameters: Attention, query: Tensor, key: Tensor, value: Tensor, into output: Tensor)
    /// The same for one query of each of several sequences, whose keys and values lie in pages: query `[sequences, heads · headSize]`,
    /// keys and values `[pages · pageRows, keyValueHeads · headSize]` of ``cacheType``, output like query. A sequence's result
    /// depends on nothing but its own rows. Without mask and bias. Where the device ``readsWholePages``, all rows of the pages that the
    /// table names must be finite.
    func pagedAttention(_ parameters: Attention, query: Tensor, keys: Tensor, values: Tensor, pages: PlacedPages, into output: Tensor)
    /// For each row of `x [rows, columns]` the index of the largest element, the first of equals, as `i32` into `indices [rows]`.
    func argmax(_ x: Tensor, into indices: Tensor)
    /// Samples one id from each row of `logits [rows, ids]`, row i by `parameters[i]`.
    func sample(_ logits: Tensor, _ parameters: [SamplingParameters], into sampled: SampledTokens)

    /// A square convolution over `x [height, width, in]`, read as if enlarged `upsampling` times by nearest neighbour, into `y [height', width', out]`.
    func convolution(_ x: Tensor, _ weight: ConvolutionWeight, stride: Int, padding: Padding, upsampling: Int, _ epilogue: Epilogue, into y: Tensor)
    /// GroupNorm over `x [height, width, channels]`, then the activation; y may be x.
    func groupNorm(_ x: Tensor, groups: Int, weight: Tensor, bias: Tensor, epsilon: Float, activation: Activation, into y: Tensor)
}

extension Device {
    /// The element type of what passes between products with weights like this one, which is on the device: f32 where these are f32 there,
    /// since what is multiplied unrounded is not rounded in between.
    public func activationType(beside weight: Tensor) -> DType { weight.dtype == .f32 ? .f32 : activationType }

    public var stepsAhead: Int { 0 }
    public var hostCalls: HostCalls? { nil }
    public var readsWholePages: Bool { false }
    public func record(writing outputs: [Tensor], _ body: () -> Void) -> Recording? { nil }
    public func replay(_ recording: Recording) -> Bool { false }
    public func checkFailure() throws {}
}
