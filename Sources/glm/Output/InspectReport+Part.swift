import Checkpoint
import Foundation
import ModelConfiguration

extension InspectReport {
    /// One folder of weights.
    struct Part: Encodable {
        let name, className: String
        let files: [String]
        let tensors, parameters, bytes: Int
        /// Bytes of each type of weight.
        let types: [String: Int]
        /// How the weights of products are stored; nil: as plain numbers.
        let quantization: String?
        /// The plain values of its config.json, by path.
        let configuration: [String: Scalar]

        enum CodingKeys: String, CodingKey {
            case name, files, tensors, parameters, bytes, types, quantization, configuration
            case className = "class"
        }
    }
}

extension InspectReport.Part {
    /// Reads every weight.
    /// - Throws: `CheckpointError`, also for values that are not finite.
    init(_ folder: ModelFolder, _ part: CheckpointPart, parameters: Int) throws {
        let weights = try folder.weights(part.rawValue)
        try weights.checkFinite()
        let entries = weights.entries
        name = part == .answerModel ? "model" : part.rawValue
        className = try Self.className(folder, part)
        files = Set(entries.map(\.file)).sorted()
        tensors = entries.count
        self.parameters = parameters
        bytes = entries.reduce(0) { $0 + $1.tensor.byteCount }
        types = Dictionary(entries.map { ($0.tensor.type, $0.tensor.byteCount) }, uniquingKeysWith: +)
        quantization = weights.quantization == .none ? nil : weights.quantization.description
        configuration = try folder.configuration(Scalar.Tree.self, part == .answerModel ? "config.json" : "\(part.rawValue)/config.json").flattened
    }

    private static func className(_ folder: ModelFolder, _ part: CheckpointPart) throws -> String {
        let (file, key) = part == .answerModel ? ("config.json", "architectures") : ("model_index.json", part.rawValue)
        return try folder.configuration([String: Scalar.Tree].self, file)[key]?.lastText ?? ""
    }
}
