import Checkpoint

/// The CPU's copy of a convolution's weight, in blocks as its kernels read it (`CKernels/convolution_pack.c`).
///
/// An upper bound: every kernel table's blocks are at most this wide, and products in bf16 halve it. Most of an autoencoder's
/// convolutions have none: Winograd's method reads the weight as it is.
struct PackedConvolution {
    let floats: Int

    /// Steps of a block and outputs side by side in it.
    private static let block = 128, panel = 32

    /// - Parameter tensor: a weight `[out, in, kernel, kernel]`.
    init(_ tensor: TensorEntry) {
        let (outputs, inputs, kernel) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
        func padded(_ value: Int, _ multiple: Int) -> Int { (value + multiple - 1) / multiple * multiple }
        floats =
            Self.isWinograd(tensor.name, outputs: outputs, kernel: kernel)
            ? 0 : padded(kernel * kernel * inputs, Self.block) * padded(outputs, Self.panel)
    }

    /// As `ck_convolution_method_of` decides. Of an autoencoder's 3 × 3 convolutions only those that make an image smaller have a stride.
    private static func isWinograd(_ name: String, outputs: Int, kernel: Int) -> Bool {
        kernel == 3 && outputs > 4 && !name.contains(".downsamplers.")
    }
}
