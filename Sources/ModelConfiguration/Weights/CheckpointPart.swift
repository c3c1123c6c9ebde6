package import Checkpoint
package import Domain

/// The folders of a checkpoint that hold weights, and which stage computes with which of their tensors.
package enum CheckpointPart: String, Sendable {
    case visionLanguageEncoder = "vision_language_encoder"
    case textEncoder = "text_encoder"
    case transformer
    case vae
    /// The flat folder of a question model.
    case answerModel = ""

    package static func parts(of pipeline: ModelPipeline) -> [CheckpointPart] {
        switch pipeline {
        case .image: [.visionLanguageEncoder, .textEncoder, .transformer, .vae]
        case .answer: [.answerModel]
        }
    }

    /// Of a folder that two stages share: the names of each stage's tensors begin with one of these.
    private var prefixes: [(stage: StageKind, names: [String])] {
        switch self {
        case .visionLanguageEncoder: [(.vision, ["model.visual.", "model.vqmodel."]), (.text, ["model.language_model.", "lm_head."])]
        case .answerModel: [(.vision, ["model.visual."]), (.text, ["model.language_model.", "lm_head."])]
        case .textEncoder, .transformer, .vae: []
        }
    }

    /// The stage that holds a tensor. A name that no stage knows counts for the first of the folder's stages that the model
    /// refuses it in: text.
    package func stage(of tensor: String) -> StageKind {
        if prefixes.isEmpty { return .diffusion }
        return prefixes.first { $0.names.contains { tensor.hasPrefix($0) } }?.stage ?? .text
    }

    /// How the names of the folder's tensors begin that another stage than `stage` holds.
    package func prefixes(of other: StageKind) -> [String] { prefixes.filter { $0.stage != other }.flatMap(\.names) }
}
