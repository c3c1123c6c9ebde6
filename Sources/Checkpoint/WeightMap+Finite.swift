import Foundation
import Synchronization
import Tensor

extension WeightMap {
    /// Reads every weight.
    /// - Throws: `notFinite`, naming the first few tensors that hold values that are infinite or not numbers.
    package func checkFinite() throws(CheckpointError) {
        var weights: [(entry: Entry, tensor: Tensor)] = []
        for entry in entries where entry.tensor.dtype?.isFloatingPoint == true {
            if let tensor = try tensor(entry.tensor.name) { weights.append((entry, tensor)) }
        }
        let counts = Mutex([Int](repeating: 0, count: weights.count))
        DispatchQueue.concurrentPerform(iterations: weights.count) { [weights] index in
            let count = weights[index].tensor.notFiniteCount
            counts.withLock { $0[index] = count }
        }
        let found = zip(weights, counts.withLock { $0 }).filter { $0.1 > 0 }
        guard !found.isEmpty else { return }
        let shown = found.prefix(3).map { "\($1) of \($0.tensor.shape.count) in \($0.entry.tensor.name) of \($0.entry.file)" }
        throw CheckpointError(
            .notFinite,
            "\(folder.path): values that are infinite or not numbers: \(shown.joined(separator: ", "))\(found.count > 3 ? " and \(found.count - 3) more tensors" : "")"
        )
    }
}

extension Tensor {
    /// Values of a host's dense weight whose exponent is all ones.
    fileprivate var notFiniteCount: Int {
        switch dtype {
        case .f32: count(of: UInt32.self, exponent: 0x7F80_0000)
        case .bf16: count(of: UInt16.self, exponent: 0x7F80)
        case .f16: count(of: UInt16.self, exponent: 0x7C00)
        default: 0
        }
    }

    private func count<Bits: FixedWidthInteger>(of type: Bits.Type, exponent: Bits) -> Int {
        let values = UnsafeRawBufferPointer(start: address, count: byteCount).bindMemory(to: Bits.self)
        var count = 0
        for value in values where value & exponent == exponent { count &+= 1 }
        return count
    }
}
