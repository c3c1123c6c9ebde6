import Checkpoint

/// The CPU's copy of a convolution's weight, in blocks as its kernels read it (`CKernels/convolution_pack.c`).
///
/// An upper bound: every kernel table's blocks are at most this wide, and products in bf16 halve it.
struct PackedConvolution {
    let floats: Int

    /// Steps of a block and outputs side by side in it.
    private static let block = 128, panel = 32

    /// - Parameter tensor: a weight `[out, in, kernel, kernel]`.
    init(_ tensor: TensorEntry) {
        let (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
        // A 3 × 3 kernel behind an enlargement falls into four of 2 × 2.
        let isUpsampler = tensor.name.contains(".upsamplers.")
        let (phases, taps) = isUpsampler ? (4, 4) : (1, tensor.shape[2] * tensor.shape[3])
        func padded(_ value: Int, _ multiple: Int) -> Int { (value + multiple - 1) / multiple * multiple }
        floats = phases * padded(taps * inputs, Self.block) * padded(outputs, Self.panel)
    }
}
