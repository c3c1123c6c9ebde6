import Checkpoint
import Foundation
import ModelConfiguration
import Tensor

/// How a shard of a checkpoint is written anew: which tensors it holds, and where each begins.
struct ShardLayout {
    struct Tensor {
        let name, type: String
        let shape: [Int]
        let byteCount: Int
        /// In the new file.
        fileprivate(set) var offset = 0
    }

    /// What becomes of a tensor: a copy, or int8 with a scale for each row.
    struct Piece {
        let source: TensorEntry
        fileprivate(set) var elements: Tensor
        fileprivate(set) var scales: Tensor?

        fileprivate var parts: [WritableKeyPath<Piece, Tensor>] { scales == nil ? [\.elements] : [\.elements, \.knownScales] }

        fileprivate var knownScales: Tensor {
            get { scales ?? elements }
            set { scales = newValue }
        }
    }

    /// In the order of the source's bytes.
    private(set) var pieces: [Piece]
    /// All that lies before the first tensor.
    private(set) var head: [UInt8] = []
    /// Of the whole file.
    private(set) var byteCount = 0

    /// The head is a multiple of this, as wide as a processor's vectors are.
    private static let alignment = 64

    /// - Throws: `CheckpointError`, `unsupportedType`, for a tensor that is to be quantised and holds no floating-point numbers.
    init(_ file: SafetensorsFile, part: CheckpointPart) throws {
        pieces = try file.entries.map { try Self.piece($0, of: file, part) }
        // The widest elements first: then each tensor begins at a multiple of its elements' size without gaps, which the format forbids.
        let parts = pieces.indices.flatMap { index in pieces[index].parts.map { (index, $0) } }
        var position = 0
        for (index, part) in parts.sorted(by: { Self.width(pieces[$0.0][keyPath: $0.1]) > Self.width(pieces[$1.0][keyPath: $1.1]) }) {
            pieces[index][keyPath: part].offset = position
            position += pieces[index][keyPath: part].byteCount
        }
        head = try Self.head(tensors, metadata: file.metadata)
        for (index, part) in parts { pieces[index][keyPath: part].offset += head.count }
        byteCount = head.count + position
    }

    private static func piece(_ entry: TensorEntry, of file: SafetensorsFile, _ part: CheckpointPart) throws -> Piece {
        guard part.isQuantizable(entry) else {
            return Piece(source: entry, elements: Tensor(name: entry.name, type: entry.type, shape: entry.shape, byteCount: entry.byteCount))
        }
        guard entry.dtype?.isFloatingPoint == true else {
            throw CheckpointError(.unsupportedType, "\(entry.name) in \(file.url.path) has the type \(entry.type); F32, BF16 and F16 are quantised")
        }
        let (rows, columns) = (entry.shape[0], entry.shape[1])
        return Piece(
            source: entry, elements: Tensor(name: entry.name, type: "I8", shape: entry.shape, byteCount: rows * columns),
            scales: Tensor(name: WeightMap.QuantizedNames.scale(of: entry.name), type: "F32", shape: [rows, 1], byteCount: 4 * rows))
    }

    /// Whether anything of the shard changes.
    var isQuantized: Bool { pieces.contains { $0.scales != nil } }

    /// Of the new file, not in its order.
    var tensors: [Tensor] { pieces.flatMap { piece in piece.parts.map { piece[keyPath: $0] } } }

    /// Bytes of an element; of a type that the format doesn't know, as of the narrowest.
    private static func width(_ tensor: Tensor) -> Int {
        let elements = tensor.shape.reduce(1, *)
        return elements > 0 ? tensor.byteCount / elements : 0
    }

    private struct Entry: Encodable {
        let dtype: String
        let shape: [Int]
        let offsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }
    }

    private enum Value: Encodable {
        case metadata([String: String])
        case entry(Entry)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .metadata(let values): try values.encode(to: encoder)
            case .entry(let entry): try entry.encode(to: encoder)
            }
        }
    }

    private static func head(_ tensors: [Tensor], metadata: [String: String]) throws -> [UInt8] {
        // transformers reads no file that doesn't say so.
        var header: [String: Value] = ["__metadata__": .metadata(metadata.merging(["format": "pt"]) { own, _ in own })]
        for tensor in tensors {
            header[tensor.name] = .entry(
                Entry(dtype: tensor.type, shape: tensor.shape, offsets: [tensor.offset, tensor.offset + tensor.byteCount]))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text = Array(try encoder.encode(header))
        let length = (8 + text.count + alignment - 1) / alignment * alignment - 8
        text += [UInt8](repeating: UInt8(ascii: " "), count: length - text.count)
        return withUnsafeBytes(of: UInt64(length).littleEndian) { Array($0) } + text
    }
}
