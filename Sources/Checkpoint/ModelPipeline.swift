import Foundation

/// What a checkpoint's model is for, which its layout tells.
public enum ModelPipeline: String, Codable, Sendable, Hashable {
    /// GLM-Image: `model_index.json` and a folder for each component.
    case image
    /// GLM-4.1V and GLM-4.6V-Flash: one flat folder with `config.json`.
    case answer

    /// - Throws: `missingFile` where the folder has neither layout; `unreadable`, `malformed`, or `invalidConfiguration` for a model of
    ///   another class, naming file and key.
    init(of model: URL) throws(CheckpointError) {
        if try CheckpointFile.exists(model.appendingPathComponent("model_index.json")) {
            try ModelIndex.check(model)
            self = .image
        } else if try CheckpointFile.exists(model.appendingPathComponent("config.json")) {
            try FlatModel.check(model)
            self = .answer
        } else if try CheckpointFile.exists(model.appendingPathComponent("snapshots")) {
            throw CheckpointError(.missingFile, "\(model.path) is a model in Hugging Face's cache; the checkpoint is a folder in its snapshots")
        } else {
            throw CheckpointError(
                .missingFile,
                "\(model.path) has neither model_index.json, as a checkpoint of GLM-Image, nor config.json, as one of GLM-4.1V or GLM-4.6V-Flash")
        }
    }

    /// Of every checkpoint with this layout.
    var components: [Component] {
        switch self {
        case .image: Component.ofImageModel
        case .answer: [.answerModel]
        }
    }
}
