public import Checkpoint
public import Domain

extension ModelPipeline {
    /// The order of stages that the model's requests pass.
    public var id: PipelineID {
        switch self {
        case .image: .image
        case .answer: .answer
        }
    }

    /// What its models do, for messages.
    public var purpose: String { id.purpose }

    /// The kinds of stages that the model can need.
    public var stageKinds: [StageKind] { id.stages(sources: 1) }

    /// Those that its largest requests pass where an image may be made from this many others; a question may always be about one.
    public func stageKinds(sources: Int) -> [StageKind] {
        switch self {
        case .image: id.stages(sources: sources)
        case .answer: stageKinds
        }
    }
}

extension StageKind {
    /// The checkpoint's components that a stage of the kind reads; its machine needs no others.
    package func components(of pipeline: ModelPipeline) -> Set<String> {
        switch (pipeline, self) {
        case (.image, .vision), (.image, .text): ["processor", "vision_language_encoder"]
        case (.image, .diffusion): ["processor", "scheduler", "text_encoder", "tokenizer", "transformer", "vae"]
        case (.answer, .vision), (.answer, .text): [""]
        case (.answer, .diffusion): []
        }
    }

    /// The texts of these components that it doesn't read: of a flat folder the vision stage needs no words.
    package func unreadTexts(of pipeline: ModelPipeline) -> Set<String> {
        guard pipeline == .answer, self == .vision else { return [] }
        return ["chat_template.jinja", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]
    }
}

extension ModelFolder {
    /// Tells one model from another as far as a stage of the kind reads it; see ``fingerprint(of:without:digests:)``.
    public func fingerprint(_ kind: StageKind) throws(CheckpointError) -> String {
        try fingerprint(of: kind.components(of: pipeline), without: kind.unreadTexts(of: pipeline))
    }

    /// By the name of each kind of stage that the model can need, in words for people and programs.
    public func fingerprints() throws(CheckpointError) -> [String: String] {
        var fingerprints: [String: String] = [:]
        for kind in pipeline.stageKinds { fingerprints[kind.rawValue] = try fingerprint(kind) }
        return fingerprints
    }
}
