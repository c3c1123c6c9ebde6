import Checkpoint
package import Domain

/// The weights of one stage in numbers.
package struct WeightCount: Sendable, Hashable {
    /// All of them.
    package private(set) var parameters = 0
    /// Bytes in the files.
    package private(set) var fileBytes = 0
    /// Bytes in the files of ``WeightForm/placed`` tensors: what the CPU reads there; and of its copies of ``WeightForm/reordered`` and
    /// ``WeightForm/unpacked`` ones.
    package private(set) var mappedBytes = 0
    /// Of these copies alone.
    package private(set) var reorderedBytes = 0, unpackedBytes = 0
    /// Elements of these tensors that the checkpoint stores in int8.
    package private(set) var int8Elements = 0
    /// In bf16 (also int4, which is read as bf16), and in another type.
    private var placedHalf = 0, placedOther = 0
    /// Elements of the copies in f32 of ``WeightForm/widened`` and ``WeightForm/summed``, and of ``WeightForm/host`` tensors.
    private var widened = 0, host = 0

    mutating func add(_ tensor: TensorEntry, _ form: WeightForm) {
        let elements = tensor.shape.reduce(1, *) * (form == .unpacked ? Int4Weight.packed : 1)
        parameters += elements
        fileBytes += tensor.byteCount
        if form == .placed || form == .reordered { mappedBytes += tensor.byteCount }
        if form == .reordered { reorderedBytes += tensor.byteCount }
        switch form {
        case .placed where tensor.type == "I8": int8Elements += elements
        case .placed where tensor.type == "BF16", .reordered where tensor.type == "BF16": placedHalf += elements
        case .unpacked:
            placedHalf += elements
            mappedBytes += 2 * elements
            unpackedBytes += 2 * elements
        case .placed, .reordered: placedOther += elements
        case .widened: widened += elements
        // [out, in, frames, rows, columns]
        case .summed: widened += tensor.shape.count == 5 ? elements / max(tensor.shape[2], 1) : elements
        case .host: host += elements
        case .unused: break
        }
    }

    /// Bytes on an accelerator.
    package func acceleratorBytes(_ precision: Precision) -> Int {
        int8Elements + (precision == .bf16 ? 2 : 4) * placedHalf + 4 * placedOther + deviceCopyBytes
    }

    /// Bytes of an element of what passes between products with these weights on an accelerator: f32 where one of them is multiplied as such.
    package func activationBytes(_ precision: Precision) -> Int { precision == .bf16 && placedOther == 0 ? 2 : 4 }

    /// Bytes of the copies in f32 that a device makes, also the CPU, beside what it reads in the files.
    package var deviceCopyBytes: Int { 4 * widened }

    /// Bytes of the copies in f32 that the process keeps in the host's memory, whatever its device.
    package var hostCopyBytes: Int { 4 * host }

    static func + (a: WeightCount, b: WeightCount) -> WeightCount {
        var sum = a
        for field in fields { sum[keyPath: field] += b[keyPath: field] }
        return sum
    }

    /// An equal part of each tensor.
    static func / (all: WeightCount, parts: Int) -> WeightCount {
        var part = all
        for field in fields { part[keyPath: field] /= parts }
        return part
    }

    private static var fields: [WritableKeyPath<WeightCount, Int>] {
        [
            \.parameters, \.fileBytes, \.mappedBytes, \.reorderedBytes, \.unpackedBytes, \.int8Elements, \.placedHalf, \.placedOther, \.widened,
            \.host,
        ]
    }
}
