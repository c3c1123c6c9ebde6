import Checkpoint
import Domain
import Foundation
import ModelConfiguration
import Terminal

/// A checkpoint in numbers, all of them from its own files.
struct InspectReport: Encodable {
    let name: String
    /// What the model is for: `image` or `answer`.
    let pipeline: ModelPipeline
    /// Of what each kind of stage reads.
    let fingerprints: [String: String]
    let parts: [Part]
    /// Bytes of weights that each stage maps.
    let stageBytes: [String: Int]
    /// Bytes that each stage takes of an accelerator in bf16, for one request: an image of the default size with one source image, or a
    /// conversation as long as ``Footprint/Limits/defaultContext``.
    let memoryBytes: [String: Int]
    /// In pixels, of the image that the model draws best; nil: it draws none.
    let defaultSide: Int?
    /// Tokens of a conversation with its answer at most; nil: it has none.
    let contextTokens: Int?
    let sampling: [String: Scalar]

    enum CodingKeys: String, CodingKey {
        case name, pipeline, fingerprints, parts, sampling
        case stageBytes = "stage_bytes"
        case memoryBytes = "memory_bytes"
        case defaultSide = "default_side"
        case contextTokens = "context_tokens"
    }

    /// - Parameter defaultSide: of the image that the model draws best; nil: it draws none.
    init(_ folder: ModelFolder, defaultSide: Int?) throws {
        name = folder.name
        pipeline = folder.pipeline
        fingerprints = try folder.fingerprints()
        self.defaultSide = defaultSide
        let description = try ModelDescription(folder)
        contextTokens = description.contextTokens
        let side = defaultSide ?? 0
        let footprint = Footprint(
            description, Footprint.Limits(pixels: side * side, sources: 1), Footprint.Form(onHost: false, precision: .bf16))
        stageBytes = Dictionary(uniqueKeysWithValues: pipeline.stageKinds.map { ($0.rawValue, description.fileBytes($0)) })
        memoryBytes = Dictionary(uniqueKeysWithValues: pipeline.stageKinds.map { ($0.rawValue, footprint.items($0).bytes) })
        parts = try CheckpointPart.parts(of: pipeline).map { try Part(folder, $0, parameters: description.weights.part($0).parameters) }
        sampling = try Self.sampling(folder)
    }

    /// A question model may have no such file.
    private static func sampling(_ folder: ModelFolder) throws -> [String: Scalar] {
        let path = folder.pipeline == .image ? "vision_language_encoder/generation_config.json" : "generation_config.json"
        guard FileManager.default.fileExists(atPath: folder.url.appending(path: path).path) else { return [:] }
        return try folder.configuration(Scalar.Tree.self, path).flattened
    }

    /// What the model makes, and how large.
    private var purpose: String {
        if let defaultSide { return "draws \(defaultSide)x\(defaultSide) by default" }
        return "\(pipeline.purpose); a conversation with its answer has \(contextTokens ?? 0) tokens at most"
    }

    private var request: String {
        defaultSide.map { "one image of \($0)x\($0)" }
            ?? "one conversation of \(min(contextTokens ?? 0, Footprint.Limits.defaultContext)) tokens about images of any size"
    }

    var text: String {
        let told = pipeline.stageKinds.map { "\($0) \(fingerprints[$0.rawValue] ?? "")" }
        var lines = [name, "fingerprints: \(told.joined(separator: ", "))", purpose, ""]
        let head = ["part", "class", "tensors", "parameters", "bytes", "files", "bytes of each type"]
        lines += TextTable.lines(
            [head]
                + parts.map { part in
                    let types = part.types.sorted { $0.key < $1.key }.map { "\($0.key) \(Self.grouped($0.value))" }.joined(separator: ", ")
                    return [
                        part.name, part.className, "\(part.tensors)", Self.grouped(part.parameters), Self.grouped(part.bytes),
                        "\(part.files.count)", types,
                    ]
                })
        lines.append("")
        for part in parts { if let form = part.quantization { lines.append("\(part.name) is quantised: \(form)") } }
        lines.append(
            "weights of the stages: "
                + pipeline.stageKinds.map { "\($0) \(Self.grouped(stageBytes[$0.rawValue] ?? 0)) bytes" }.joined(separator: ", "))
        lines.append(
            "memory of the stages on accelerators, for \(request): "
                + pipeline.stageKinds.map { "\($0) \(ByteCount(memoryBytes[$0.rawValue] ?? 0))" }.joined(separator: ", "))
        lines.append("sampling: " + (sampling.isEmpty ? "as in transformers' defaults" : Self.listed(sampling)))
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
