import Foundation

/// One component of a model: its class, and which files of its folder the model reads.
struct Component {
    /// Of its folder; empty: the model's own folder.
    let name: String
    /// What a writer may name for the class: `save_pretrained` writes the class's module where that isn't the library's top level.
    let libraries: Set<String>
    let className: String
    /// Configurations and what belongs to a tokenizer; a checkpoint need not have all of them.
    let texts: [String]
    /// Nil: it has no weights.
    var weights: WeightLayout?

    /// By class name as in transformers 5.23 and diffusers 0.42.1.
    static let ofImageModel = [
        Component(
            name: "processor", libraries: ["transformers", "glm_image"], className: "GlmImageProcessor",
            texts: ["chat_template.jinja", "preprocessor_config.json", "processor_config.json", "tokenizer.json", "tokenizer_config.json"]),
        Component(name: "scheduler", libraries: ["diffusers"], className: "FlowMatchEulerDiscreteScheduler", texts: ["scheduler_config.json"]),
        Component(
            name: "text_encoder", libraries: ["transformers", "t5"], className: "T5EncoderModel", texts: ["config.json"], weights: .transformers),
        Component(name: "tokenizer", libraries: ["transformers", "byt5"], className: "ByT5Tokenizer", texts: ["tokenizer_config.json"]),
        Component(
            name: "transformer", libraries: ["diffusers"], className: "GlmImageTransformer2DModel",
            texts: ["config.json", ModelSlimDescription.fileName], weights: .diffusers),
        Component(name: "vae", libraries: ["diffusers"], className: "AutoencoderKL", texts: ["config.json"], weights: .diffusers),
        Component(
            name: "vision_language_encoder", libraries: ["transformers", "glm_image"], className: "GlmImageForConditionalGeneration",
            texts: ["config.json", "generation_config.json", ModelSlimDescription.fileName], weights: .transformers),
    ]

    /// The only one of a model that answers questions: a folder written by transformers 4.5x has `preprocessor_config.json`, one written
    /// by 5.x `processor_config.json`.
    static let answerModel = Component(
        name: "", libraries: ["transformers"], className: "Glm4vForConditionalGeneration",
        texts: [
            "chat_template.jinja", "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json",
            "tokenizer_config.json", ModelSlimDescription.fileName,
        ], weights: .transformers)

    static func folder(_ name: String, in model: URL) -> URL { name.isEmpty ? model : model.appendingPathComponent(name) }

    /// The texts that a checkpoint has.
    func presentTexts(in model: URL) throws(CheckpointError) -> [URL] {
        var present: [URL] = []
        for text in texts {
            let url = Self.folder(name, in: model).appendingPathComponent(text)
            if try CheckpointFile.exists(url) { present.append(url) }
        }
        return present
    }

    /// All files that the model reads of it.
    /// - Parameter unread: names of texts that are left out.
    func files(in model: URL, without unread: Set<String>) throws(CheckpointError) -> [URL] {
        try presentTexts(in: model).filter { !unread.contains($0.lastPathComponent) }
            + (weights?.choose(in: Self.folder(name, in: model)).files ?? [])
    }
}
