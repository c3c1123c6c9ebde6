import Checkpoint
import Dispatch
import Files
import Foundation
import ModelConfiguration
import Synchronization
import Tensor

/// Writes the weights of one component, shard by shard.
struct PartWriter {
    private let part: CheckpointQuantizer.Part
    private let folder: URL

    /// - Parameter target: the new checkpoint's folder.
    init(_ part: CheckpointQuantizer.Part, target: URL) {
        self.part = part
        folder = part.part.rawValue.isEmpty ? target : target.appendingPathComponent(part.part.rawValue, isDirectory: true)
    }

    func write(_ step: inout Step) throws {
        for (shard, layout) in zip(part.files.shards, part.layouts) { try write(shard, layout, &step) }
        if let index = part.files.index { try writeIndex(index.lastPathComponent) }
    }

    private func write(_ shard: URL, _ layout: ShardLayout, _ step: inout Step) throws {
        // Mapped for as long as it is worked on.
        let source = try SafetensorsFile(shard)
        let file = try NewFile(folder.appendingPathComponent(shard.lastPathComponent).path)
        try layout.head.withUnsafeBytes { try file.write($0, at: 0) }
        for piece in layout.pieces {
            if let scales = piece.scales {
                try quantize(piece, source.tensor(piece.source.name), scales, file, &step)
            } else {
                try copy(piece, source, file, &step)
            }
        }
        try file.close()
    }

    private func copy(_ piece: ShardLayout.Piece, _ source: SafetensorsFile, _ file: NewFile, _ step: inout Step) throws {
        try source.withBytes(of: piece.source) { bytes in
            for block in Blocks.ofBytes(bytes.count) {
                try step.begin()
                try file.write(UnsafeRawBufferPointer(rebasing: bytes[block]), at: piece.elements.offset + block.lowerBound)
                step.end(block.count)
            }
        }
    }

    private func quantize(
        _ piece: ShardLayout.Piece, _ weight: Tensor, _ place: ShardLayout.Tensor, _ file: NewFile, _ step: inout Step
    ) throws {
        let columns = weight.columns
        let rowBytes = columns * weight.dtype.byteCount
        var scales: [Float] = []
        for block in Blocks.ofRows(weight.rows, rowBytes: rowBytes) {
            try step.begin()
            let (elements, blockScales) = Self.quantize(weight.rows(block))
            if let row = blockScales.firstIndex(of: nil) {
                throw CheckpointError(
                    .notFinite, "row \(block.lowerBound + row) of \(piece.source.name) holds values that are infinite or not numbers")
            }
            scales += blockScales.compactMap(\.self)
            try elements.withUnsafeBytes { try file.write($0, at: piece.elements.offset + block.lowerBound * columns) }
            step.end(block.count * rowBytes)
        }
        try scales.withUnsafeBytes { try file.write($0, at: place.offset) }
    }

    /// The rows of a matrix, on all processors.
    /// - Returns: a scale of nil for a row that is not finite.
    private static func quantize(_ rows: Tensor) -> (elements: [Int8], scales: [Float?]) {
        let (count, columns) = (rows.rows, rows.columns)
        let scales = Mutex([Float?](repeating: nil, count: count))
        let elements = [Int8](unsafeUninitializedCapacity: count * columns) { buffer, initialized in
            nonisolated(unsafe) let target = buffer
            DispatchQueue.concurrentPerform(iterations: count) { row in
                let scale = rows.rows(row..<row + 1).hostFloats().withUnsafeBufferPointer { weights in
                    RowQuantization.quantize(weights, into: UnsafeMutableBufferPointer(rebasing: target[row * columns..<(row + 1) * columns]))
                }
                scales.withLock { $0[row] = scale }
            }
            initialized = count * columns
        }
        return (elements, scales.withLock { $0 })
    }

    private struct Index: Encodable {
        let metadata: [String: Int]
        let weights: [String: String]

        enum CodingKeys: String, CodingKey {
            case metadata
            case weights = "weight_map"
        }
    }

    private func writeIndex(_ name: String) throws {
        var weights: [String: String] = [:]
        for (shard, layout) in zip(part.files.shards, part.layouts) {
            for tensor in layout.tensors { weights[tensor.name] = shard.lastPathComponent }
        }
        let size = part.layouts.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + $1.byteCount } }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = try encoder.encode(Index(metadata: ["total_size": size], weights: weights))
        try FileCopy.write(Array(text), to: folder.appendingPathComponent(name))
    }
}
