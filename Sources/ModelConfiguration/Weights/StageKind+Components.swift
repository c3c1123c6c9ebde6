public import Checkpoint
public import Domain

extension StageKind {
    /// The checkpoint's components that a stage of the kind reads; its machine needs no others.
    package var components: Set<String> {
        switch self {
        case .vision, .text: ["processor", "vision_language_encoder"]
        case .diffusion: ["processor", "scheduler", "text_encoder", "tokenizer", "transformer", "vae"]
        }
    }
}

extension ModelFolder {
    /// Tells one model from another as far as a stage of the kind reads it; see ``fingerprint(of:digests:)``.
    public func fingerprint(_ kind: StageKind) throws(CheckpointError) -> String { try fingerprint(of: kind.components) }

    /// By the kind's name, in words for people and programs.
    public func fingerprints() throws(CheckpointError) -> [String: String] {
        var fingerprints: [String: String] = [:]
        for kind in StageKind.allCases { fingerprints[kind.rawValue] = try fingerprint(kind) }
        return fingerprints
    }
}
