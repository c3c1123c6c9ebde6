import Checkpoint
package import Domain

/// The weights of one stage in numbers.
package struct WeightCount: Sendable, Hashable {
    /// All of them.
    package private(set) var parameters = 0
    /// Bytes in the files.
    package private(set) var fileBytes = 0
    /// Bytes in the files of ``WeightForm/placed`` tensors: what the CPU reads there.
    package private(set) var mappedBytes = 0
    /// Elements of ``WeightForm/placed`` tensors that the checkpoint stores in bf16, and in another type.
    private var placedHalf = 0, placedOther = 0
    /// Elements in f32: of ``WeightForm/widened`` and ``WeightForm/summed(over:)``, and of ``WeightForm/host`` tensors.
    private var widened = 0, host = 0

    mutating func add(_ tensor: TensorEntry, _ form: WeightForm) {
        let elements = tensor.shape.reduce(1, *)
        parameters += elements
        fileBytes += tensor.byteCount
        if form == .placed { mappedBytes += tensor.byteCount }
        switch form {
        case .placed where tensor.type == "BF16": placedHalf += elements
        case .placed: placedOther += elements
        case .widened: widened += elements
        case .summed(let count): widened += elements / max(count, 1)
        case .host: host += elements
        case .unused: break
        }
    }

    /// Bytes on an accelerator.
    package func acceleratorBytes(_ precision: Precision) -> Int {
        (precision == .bf16 ? 2 : 4) * placedHalf + 4 * placedOther + deviceCopyBytes
    }

    /// Bytes of the copies in f32 that a device makes, also the CPU, beside what it reads in the files.
    package var deviceCopyBytes: Int { 4 * widened }

    /// Bytes of the copies in f32 that the process keeps in the host's memory, whatever its device.
    package var hostCopyBytes: Int { 4 * host }
}
