import Checkpoint
import Dispatch
import Foundation
import ModelConfiguration
import Synchronization
import Tensor

/// Reads the new weights of a component back and compares them with those that they were made from.
struct PartCheck {
    private let part: CheckpointQuantizer.Part
    private let written: ModelFolder
    private let name: String

    init(_ part: CheckpointQuantizer.Part, written: ModelFolder) {
        self.part = part
        self.written = written
        name = part.part.rawValue
    }

    /// - Throws: `CheckpointError` where the new folder can't be read as a checkpoint; `QuantizationError`, naming the tensor, where one is not
    ///   what it should be.
    func run(_ step: inout Step) throws -> (quantized: Int, copied: Int) {
        var counts = (quantized: 0, copied: 0)
        // As a stage opens it: index and shards agree, and the configuration says how the weights are stored.
        let stored = try written.weights(name).quantization
        guard stored == .int8 else {
            throw QuantizationError("\(written.component(name).path) reads back as \(stored)")
        }
        for (shard, layout) in zip(part.files.shards, part.layouts) {
            let source = try SafetensorsFile(shard)
            let target = try SafetensorsFile(written.component(name).appendingPathComponent(shard.lastPathComponent))
            for piece in layout.pieces {
                if let scales = piece.scales {
                    try checkQuantized(piece, source, target, scales, &step)
                    counts.quantized += 1
                } else {
                    try checkCopied(piece, source, target, &step)
                    counts.copied += 1
                }
            }
        }
        return counts
    }

    private func checkCopied(_ piece: ShardLayout.Piece, _ source: SafetensorsFile, _ target: SafetensorsFile, _ step: inout Step) throws {
        guard let entry = target.entry(piece.elements.name), entry.byteCount == piece.source.byteCount else { throw differs(piece, target) }
        try source.withBytes(of: piece.source) { expected in
            try target.withBytes(of: entry) { bytes in
                for block in Blocks.ofBytes(expected.count) {
                    try step.begin()
                    guard let first = bytes.baseAddress, let second = expected.baseAddress,
                        memcmp(first + block.lowerBound, second + block.lowerBound, block.count) == 0
                    else { throw differs(piece, target) }
                    step.end(block.count)
                }
            }
        }
    }

    private func checkQuantized(
        _ piece: ShardLayout.Piece, _ source: SafetensorsFile, _ target: SafetensorsFile, _ scales: ShardLayout.Tensor, _ step: inout Step
    ) throws {
        let weight = try source.tensor(piece.source.name)
        let elements = try target.tensor(piece.elements.name)
        let steps = try target.tensor(scales.name).hostFloats()
        guard elements.dtype == .i8, elements.shape == weight.shape, steps.count == weight.rows else { throw differs(piece, target) }
        let rowBytes = weight.columns * weight.dtype.byteCount
        for block in Blocks.ofRows(weight.rows, rowBytes: rowBytes) {
            try step.begin()
            let wrong = Mutex(false)
            DispatchQueue.concurrentPerform(iterations: block.count) { index in
                let row = block.lowerBound + index
                let quantized = UnsafeBufferPointer(
                    start: elements.rows(row..<row + 1).address.assumingMemoryBound(to: Int8.self), count: weight.columns)
                let holds = weight.rows(row..<row + 1).hostFloats().withUnsafeBufferPointer {
                    RowQuantization.holds($0, quantized, scale: steps[row])
                }
                if !holds { wrong.withLock { $0 = true } }
            }
            guard !wrong.withLock({ $0 }) else { throw differs(piece, target) }
            step.end(block.count * rowBytes)
        }
    }

    private func differs(_ piece: ShardLayout.Piece, _ target: SafetensorsFile) -> QuantizationError {
        QuantizationError("\(piece.source.name) was written, but reads back from \(target.url.path) as another tensor")
    }
}
