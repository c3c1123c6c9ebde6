import Foundation
package import Tensor

/// The weight of a product as a checkpoint stores it, in the host's memory.
package struct StoredMatrix {
    /// `[out, in]`: f32, bf16, f16, or int8.
    package let elements: Tensor
    /// What each row of int8 is multiplied by; nil: nothing.
    package let scales: [Float]?
    /// A view of the file's map. A copy is not kept for a part of it.
    var isMapped = true

    /// Some of the outputs.
    package func rows(_ range: Range<Int>) -> StoredMatrix {
        let rows = elements.rows(range)
        return StoredMatrix(elements: isMapped ? rows : rows.copied(), scales: scales.map { Array($0[range]) })
    }

    /// Some of the inputs, as a copy.
    package func columns(_ range: Range<Int>) -> StoredMatrix { StoredMatrix(elements: elements.columns(range).copied(), scales: scales) }
}

extension Tensor {
    /// The same elements of host memory, dense in memory of their own.
    fileprivate func copied() -> Tensor {
        let target = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
        let row = columns * dtype.byteCount
        for index in 0..<rows { (target + index * row).copyMemory(from: address + index * rowStride * dtype.byteCount, byteCount: row) }
        return Tensor(storage: Storage(address: target, byteCount: byteCount) { $0.deallocate() }, dtype: dtype, shape: shape)
    }
}

extension WeightMap {
    /// Names that a product's weight has beside its elements.
    package enum QuantizedNames {
        package static func scale(of weight: String) -> String { "\(weight)_scale" }
        package static func offset(of weight: String) -> String { "\(weight)_offset" }
    }

    /// The weight `name`, `[outputs, inputs]`: a view of its file's map, or a copy in bf16 where it is stored as int4.
    /// - Throws: `missingTensor`, `shapeMismatch` or `unsupportedType`, naming tensor, shapes and file; `notFinite` for a scale that is no
    ///   number.
    package func takeMatrix(_ name: String, _ outputs: Int, _ inputs: Int) throws(CheckpointError) -> StoredMatrix {
        if case .autoRound(let groupSize) = quantization, let layer = Int4Weight.layer(of: name), contains(Int4Weight.names(layer).words) {
            return StoredMatrix(elements: try takeInt4(layer, outputs, inputs, groupSize: groupSize), scales: nil, isMapped: false)
        }
        guard let entry = entry(name), entry.dtype == .i8 else {
            return StoredMatrix(elements: try take(name, Shape(outputs, inputs)), scales: nil)
        }
        guard quantization == .int8 || quantization == .modelSlim else {
            throw CheckpointError(
                .unsupportedType, "\(name) \(entry.shape) has the type I8, but \(folder.path) has no quantization_config that says what it means")
        }
        let elements = try take(name, Shape(outputs, inputs), types: [.i8])
        let scales = try take(QuantizedNames.scale(of: name), Shape(outputs, 1)).hostFloats()
        guard scales.allSatisfy(\.isFinite) else {
            throw CheckpointError(.notFinite, "\(QuantizedNames.scale(of: name)) in \(folder.path) holds values that are infinite or not numbers")
        }
        if quantization == .modelSlim { try checkOffset(QuantizedNames.offset(of: name), outputs) }
        return StoredMatrix(elements: elements, scales: scales)
    }

    private func checkOffset(_ name: String, _ outputs: Int) throws(CheckpointError) {
        let offset = try take(name, Shape(outputs, 1), types: [.f32, .bf16, .f16, .i8, .i32])
        let isZero = offset.dtype.isFloatingPoint ? offset.hostFloats().allSatisfy { $0 == 0 } : offset.hostIntegers().allSatisfy { $0 == 0 }
        guard isZero else {
            throw CheckpointError(.unsupportedType, "\(name) in \(folder.path) is not all 0; weights with an offset are not supported")
        }
    }
}
