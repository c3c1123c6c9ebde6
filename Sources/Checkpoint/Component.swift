import Foundation

/// One component of the pipeline: its class, and which files of its folder the model reads.
struct Component {
    let name: String
    /// What a writer may name for the class: `save_pretrained` writes the class's module where that isn't the library's top level.
    let libraries: Set<String>
    let className: String
    /// Configurations and what belongs to a tokenizer; a checkpoint need not have all of them.
    let texts: [String]
    /// Nil: it has no weights.
    var weights: WeightLayout?

    static let all = [
        Component(
            name: "processor", libraries: ["transformers", "glm_image"], className: "GlmImageProcessor",
            texts: ["chat_template.jinja", "preprocessor_config.json", "processor_config.json", "tokenizer.json", "tokenizer_config.json"]),
        Component(name: "scheduler", libraries: ["diffusers"], className: "FlowMatchEulerDiscreteScheduler", texts: ["scheduler_config.json"]),
        Component(
            name: "text_encoder", libraries: ["transformers", "t5"], className: "T5EncoderModel", texts: ["config.json"], weights: .transformers),
        Component(name: "tokenizer", libraries: ["transformers", "byt5"], className: "ByT5Tokenizer", texts: ["tokenizer_config.json"]),
        Component(
            name: "transformer", libraries: ["diffusers"], className: "GlmImageTransformer2DModel", texts: ["config.json"], weights: .diffusers),
        Component(name: "vae", libraries: ["diffusers"], className: "AutoencoderKL", texts: ["config.json"], weights: .diffusers),
        Component(
            name: "vision_language_encoder", libraries: ["transformers", "glm_image"], className: "GlmImageForConditionalGeneration",
            texts: ["config.json", "generation_config.json"], weights: .transformers),
    ]

    /// The texts that a checkpoint has.
    func presentTexts(in model: URL) throws(CheckpointError) -> [URL] {
        var present: [URL] = []
        for text in texts {
            let url = model.appendingPathComponent(name).appendingPathComponent(text)
            if try CheckpointFile.exists(url) { present.append(url) }
        }
        return present
    }

    /// All files that the model reads of it.
    func files(in model: URL) throws(CheckpointError) -> [URL] {
        try presentTexts(in: model) + (weights?.choose(in: model.appendingPathComponent(name)).files ?? [])
    }
}
