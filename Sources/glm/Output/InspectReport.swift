import Checkpoint
import Domain
import Foundation
import ModelConfiguration
import Terminal

/// A checkpoint in numbers, all of them from its own files.
struct InspectReport: Encodable {
    /// One folder of weights.
    struct Part: Encodable {
        let name, className: String
        let files: [String]
        let tensors, parameters, bytes: Int
        /// Bytes of each type of weight.
        let types: [String: Int]
        /// The plain values of its config.json, by path.
        let configuration: [String: Scalar]

        enum CodingKeys: String, CodingKey {
            case name, files, tensors, parameters, bytes, types, configuration
            case className = "class"
        }
    }

    let name: String
    /// Of what each kind of stage reads.
    let fingerprints: [String: String]
    let parts: [Part]
    /// Bytes of weights that each stage maps.
    let stageBytes: [String: Int]
    /// Bytes that each stage takes of an accelerator in bf16, for one request of the default size with one source image.
    let memoryBytes: [String: Int]
    let defaultSide: Int
    let sampling: [String: Scalar]

    enum CodingKeys: String, CodingKey {
        case name, fingerprints, parts, sampling
        case stageBytes = "stage_bytes"
        case memoryBytes = "memory_bytes"
        case defaultSide = "default_side"
    }

    init(_ folder: ModelFolder, defaultSide: Int) throws {
        name = folder.name
        fingerprints = try folder.fingerprints()
        self.defaultSide = defaultSide
        let classes = try folder.configuration([String: Scalar.Tree].self, "model_index.json")
        let description = try ModelDescription(folder)
        let footprint = Footprint(
            description, Footprint.Limits(pixels: defaultSide * defaultSide, sources: 1), Footprint.Form(onHost: false, precision: .bf16))
        stageBytes = Dictionary(uniqueKeysWithValues: StageKind.allCases.map { ($0.rawValue, description.fileBytes($0)) })
        memoryBytes = Dictionary(uniqueKeysWithValues: StageKind.allCases.map { ($0.rawValue, footprint.items($0).bytes) })
        parts = try CheckpointPart.allCases.map(\.rawValue).map { part in
            let weights = try folder.weights(part)
            try weights.checkFinite()
            let entries = weights.entries
            return Part(
                name: part, className: classes[part]?.lastText ?? "", files: Set(entries.map(\.file)).sorted(), tensors: entries.count,
                parameters: entries.reduce(0) { $0 + $1.tensor.shape.reduce(1, *) }, bytes: entries.reduce(0) { $0 + $1.tensor.byteCount },
                types: Dictionary(entries.map { ($0.tensor.type, $0.tensor.byteCount) }, uniquingKeysWith: +),
                configuration: try folder.configuration(Scalar.Tree.self, "\(part)/config.json").flattened)
        }
        sampling = try folder.configuration(Scalar.Tree.self, "vision_language_encoder/generation_config.json").flattened
    }

    var text: String {
        let told = StageKind.allCases.map { "\($0) \(fingerprints[$0.rawValue] ?? "")" }
        var lines = [name, "fingerprints: \(told.joined(separator: ", "))", "draws \(defaultSide)x\(defaultSide) by default", ""]
        let head = ["part", "class", "tensors", "parameters", "bytes", "types", "files"]
        lines += TextTable.lines(
            [head]
                + parts.map { part in
                    let types = part.types.keys.sorted().joined(separator: " ")
                    return [
                        part.name, part.className, "\(part.tensors)", Self.grouped(part.parameters), Self.grouped(part.bytes), types,
                        "\(part.files.count)",
                    ]
                })
        lines.append("")
        lines.append(
            "weights of the stages: "
                + StageKind.allCases.map { "\($0) \(Self.grouped(stageBytes[$0.rawValue] ?? 0)) bytes" }.joined(separator: ", "))
        lines.append(
            "memory of the stages on accelerators, for one image of \(defaultSide)x\(defaultSide): "
                + StageKind.allCases.map { "\($0) \(ByteCount(memoryBytes[$0.rawValue] ?? 0))" }.joined(separator: ", "))
        lines.append("sampling: " + Self.listed(sampling))
        for part in parts { lines.append("\(part.name): " + Self.listed(part.configuration)) }
        lines.append("")
        lines.append("every tensor is there, has its shape, is used, and holds finite numbers")
        return lines.joined(separator: "\n")
    }

    private static func listed(_ values: [String: Scalar]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// `1 234 567`
    private static func grouped(_ value: Int) -> String {
        var digits = Array("\(value)")
        for position in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(" ", at: position) }
        return String(digits)
    }
}
