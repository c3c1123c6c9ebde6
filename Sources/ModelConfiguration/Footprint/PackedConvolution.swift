import Checkpoint

/// The CPU's copy of a convolution's weight, in blocks as its kernels read it (`CKernels/convolution_pack.c`).
///
/// An upper bound: every kernel table's blocks are at most this wide, and direct products in bf16 halve it. Most of an autoencoder's
/// convolutions have a copy only where AMX multiplies their bf16: Winograd's method reads the weight as it is.
struct PackedConvolution {
    let floats: Int

    /// Steps of a block, outputs side by side in it, and channels of an AMX register.
    private static let block = 128, panel = 32, channels = 32

    /// - Parameter tensor: a weight `[out, in, kernel, kernel]`.
    init(_ tensor: TensorEntry) {
        let (outputs, inputs, kernel) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
        func padded(_ value: Int, _ multiple: Int) -> Int { (value + multiple - 1) / multiple * multiple }
        let columns = padded(outputs, Self.panel)
        guard kernel == 3 && outputs > 4 && !tensor.name.contains(".downsamplers.") else {
            floats = padded(kernel * kernel * inputs, Self.block) * columns
            return
        }
        // As `ck_convolution_method_of` decides. Of an autoencoder's 3 × 3 convolutions only those that make an image smaller have a
        // stride, and only those that make it larger enlarge it.
        let isTiled = tensor.type == "BF16" && !tensor.name.contains(".upsamplers.")
        floats = isTiled ? kernel * kernel * padded(inputs, Self.channels) / 2 * columns : 0
    }
}
