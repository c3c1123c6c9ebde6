import Checkpoint
import Foundation

/// `config.json` of a component whose weights are int8 now.
enum QuantizedConfiguration {
    /// The file's text as it is, with `quantization_config` behind its last key: numbers keep the digits that they were written with.
    static func text(of file: URL, _ part: CheckpointQuantizer.Part) throws -> [UInt8] {
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        guard let object, !object.isEmpty, object["quantization_config"] == nil, let end = text.lastIndex(of: "}") else {
            throw QuantizationError("\(file.path) is no object to which quantization_config can be added")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let added = String(decoding: try encoder.encode(CompressedTensors(ignore: ignored(part))), as: UTF8.self)
            .replacingOccurrences(of: "\n", with: "\n  ")
        let kept = text[..<end].reversed().drop { $0.isWhitespace }.reversed()
        return Array((String(kept) + ",\n  \"quantization_config\": \(added)\n}\n").utf8)
    }

    /// The modules that have a matrix and keep it.
    private static func ignored(_ part: CheckpointQuantizer.Part) -> [String] {
        let kept = part.layouts.flatMap(\.pieces).filter { $0.scales == nil && $0.source.shape.count == 2 && $0.source.name.hasSuffix(".weight") }
        return kept.map { String($0.source.name.dropLast(".weight".count)) }.sorted()
    }
}
