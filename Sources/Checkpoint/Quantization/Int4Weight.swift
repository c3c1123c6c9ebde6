import Foundation
import Tensor

/// A product's weight in AutoRound's int4, packed as GPTQ packs it.
///
/// Of a layer `L`: `L.qweight` int32 `[in/8, out]`, in a word eight inputs of one output, the first in the lowest four bits; `L.scales` f16
/// `[in/group, out]`; `L.qzeros` int32 `[in/group, out/8]` with zero − 1 of each, 7 where weights are symmetric. A weight is
/// `(q − 8) · scale`.
package enum Int4Weight {
    package struct Names {
        package let words, scales, zeros: String
    }

    package static func names(_ layer: String) -> Names { Names(words: "\(layer).qweight", scales: "\(layer).scales", zeros: "\(layer).qzeros") }

    /// Elements of a word.
    package static let packed = 8

    /// The layer whose weight would have this name.
    static func layer(of weight: String) -> String? { weight.hasSuffix(".weight") ? String(weight.dropLast(7)) : nil }

    /// Of a zero that is 8, less 1, in each of eight places.
    static let symmetricZeros = 0x7777_7777

    /// The weight in bf16, `[outputs, inputs]`, each rounded to the nearest: products are of floating-point numbers.
    /// - Parameters:
    ///   - words: `[inputs/8, outputs]`, i32.
    ///   - scales: `[inputs/groupSize, outputs]`, row by row.
    static func unpack(_ words: Tensor, _ scales: [Float], groupSize: Int) -> Tensor {
        let (wordRows, outputs) = (words.shape[0], words.shape[1])
        let inputs = packed * wordRows
        let byteCount = 2 * inputs * outputs
        let target = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
        nonisolated(unsafe) let (source, result) = (UnsafeRawPointer(words.address), target.assumingMemoryBound(to: UInt16.self))
        // Outputs side by side that are unpacked together: their words lie in one line of the cache.
        let side = 16
        DispatchQueue.concurrentPerform(iterations: (outputs + side - 1) / side) { block in
            let columns = block * side..<min((block + 1) * side, outputs)
            for row in 0..<wordRows {
                let group = row * packed / groupSize
                for column in columns {
                    var word = source.loadUnaligned(fromByteOffset: 4 * (row * outputs + column), as: UInt32.self)
                    let scale = scales[group * outputs + column]
                    let start = column * inputs + packed * row
                    for input in 0..<packed {
                        result[start + input] = (Float(Int(word & 15) - 8) * scale).bf16
                        word >>= 4
                    }
                }
            }
        }
        return Tensor(
            storage: Storage(address: target, byteCount: byteCount) { $0.deallocate() }, dtype: .bf16, shape: Shape(outputs, inputs))
    }
}

extension WeightMap {
    /// - Throws: as ``takeMatrix(_:_:_:)``; `unsupportedType` for zeros of weights that are not symmetric.
    func takeInt4(_ layer: String, _ outputs: Int, _ inputs: Int, groupSize: Int) throws(CheckpointError) -> Tensor {
        let names = Int4Weight.names(layer)
        guard inputs % groupSize == 0, outputs % Int4Weight.packed == 0 else {
            throw CheckpointError(
                .shapeMismatch,
                "\(names.words) stands for \([outputs, inputs]); outputs should be a multiple of \(Int4Weight.packed), inputs of \(groupSize)")
        }
        let words = try take(names.words, Shape(inputs / Int4Weight.packed, outputs), types: [.i32])
        let scales = try take(names.scales, Shape(inputs / groupSize, outputs)).hostFloats()
        guard scales.allSatisfy(\.isFinite) else {
            throw CheckpointError(.notFinite, "\(names.scales) in \(folder.path) holds values that are infinite or not numbers")
        }
        let zeros = try take(names.zeros, Shape(inputs / groupSize, outputs / Int4Weight.packed), types: [.i32])
        guard zeros.hostIntegers().allSatisfy({ $0 == Int4Weight.symmetricZeros }) else {
            throw CheckpointError(
                .unsupportedType, "\(names.zeros) in \(folder.path) holds zeros other than 8; weights that are not symmetric are not supported")
        }
        return Int4Weight.unpack(words, scales, groupSize: groupSize)
    }
}
