import Foundation

/// `config.json` of a checkpoint without components, as far as it says whether the model is one that answers questions.
struct FlatModel: Decodable {
    private let architectures: [String]?
    private let modelType: String?

    enum CodingKeys: String, CodingKey {
        case architectures
        case modelType = "model_type"
    }

    private static let className = Component.answerModel.className, type = "glm4v"

    /// - Throws: `unreadable`, `malformed`, or `invalidConfiguration` for a model of another class, naming the key.
    static func check(_ model: URL) throws(CheckpointError) {
        let file = model.appendingPathComponent("config.json")
        let configuration = try JSONFile.decode(FlatModel.self, file)
        func refuse(_ key: String, _ value: String, _ expected: String) -> CheckpointError {
            let experts = value.lowercased().contains("moe") ? "; mixtures of experts are not computed" : ""
            return CheckpointError(
                .invalidConfiguration,
                "\(file.path): \(key) is \(value), should be \(expected)\(experts) (a checkpoint of GLM-Image has model_index.json, which is not there)"
            )
        }
        // Either may be missing; transformers itself goes by model_type where both are there.
        if let type = configuration.modelType, type != Self.type { throw refuse("model_type", type, Self.type) }
        if let classes = configuration.architectures, classes != [className] {
            throw refuse("architectures", classes.isEmpty ? "empty" : classes.joined(separator: ", "), className)
        }
        guard configuration.modelType != nil || configuration.architectures != nil else {
            throw refuse("model_type", "missing", type)
        }
    }
}
