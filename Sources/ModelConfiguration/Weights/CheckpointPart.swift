package import Domain

/// The folders of a checkpoint that hold weights, and which stage computes with which of their tensors.
package enum CheckpointPart: String, Sendable, CaseIterable {
    case visionLanguageEncoder = "vision_language_encoder"
    case textEncoder = "text_encoder"
    case transformer
    case vae

    /// Of the one folder that two stages share: the names of each stage's tensors begin with one of these.
    private static let prefixes: [(stage: StageKind, names: [String])] = [
        (.vision, ["model.visual.", "model.vqmodel."]),
        (.text, ["model.language_model.", "lm_head."]),
    ]

    /// The stage that holds a tensor. A name that no stage knows counts for the first of the folder's stages that the model
    /// refuses it in: text.
    package func stage(of tensor: String) -> StageKind {
        guard self == .visionLanguageEncoder else { return .diffusion }
        return Self.prefixes.first { $0.names.contains { tensor.hasPrefix($0) } }?.stage ?? .text
    }

    /// How the names of the folder's tensors begin that another stage than `stage` holds.
    package func prefixes(of other: StageKind) -> [String] {
        guard self == .visionLanguageEncoder else { return [] }
        return Self.prefixes.filter { $0.stage != other }.flatMap(\.names)
    }
}
