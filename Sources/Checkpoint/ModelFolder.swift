public import Foundation

/// A GLM-Image checkpoint's folder as Hugging Face lays it out: `model_index.json` and a folder for each component.
public struct ModelFolder: Sendable {
    public let url: URL
    /// Sixteen hexadecimal digits over the JSON files, the chat template and the safetensors headers: two folders with the same
    /// fingerprint hold the same architecture, tokenizer and tensor list, and agree in samples of the weights.
    public let fingerprint: String

    /// The class that each component must have, and the libraries that a writer may name for it: `save_pretrained` writes the
    /// class's module where that isn't the library's top level.
    private static let components: [(name: String, libraries: Set<String>, classes: Set<String>)] = [
        ("processor", ["transformers", "glm_image"], ["GlmImageProcessor"]),
        ("scheduler", ["diffusers"], ["FlowMatchEulerDiscreteScheduler"]),
        ("text_encoder", ["transformers", "t5"], ["T5EncoderModel"]),
        ("tokenizer", ["transformers", "byt5"], ["ByT5Tokenizer"]),
        ("transformer", ["diffusers"], ["GlmImageTransformer2DModel"]),
        ("vae", ["diffusers"], ["AutoencoderKL"]),
        ("vision_language_encoder", ["transformers", "glm_image"], ["GlmImageForConditionalGeneration"]),
    ]

    /// Reads and checks `model_index.json`; the components' own files are read when they are asked for.
    /// - Throws: `missingFile`; `invalidConfiguration` for a pipeline, component or class that isn't GLM-Image's.
    public init(_ url: URL) throws(CheckpointError) {
        self.url = url
        let file = url.appendingPathComponent("model_index.json")
        let index = try JSONFile.decode([String: IndexValue].self, file)
        func invalid(_ message: String) -> CheckpointError { CheckpointError(.invalidConfiguration, "\(file.path): \(message)") }

        guard case .text(let pipeline)? = index["_class_name"] else { throw invalid("_class_name is missing") }
        guard pipeline == "GlmImagePipeline" else { throw invalid("_class_name is \(pipeline), should be GlmImagePipeline") }
        for component in Self.components {
            guard case .component(let library?, let className?)? = index[component.name] else { throw invalid("\(component.name) is missing") }
            guard component.classes.contains(className), component.libraries.contains(library) else {
                throw invalid(
                    "\(component.name) is \(library) \(className), should be \(component.libraries.sorted().joined(separator: " or ")) \(component.classes.sorted().joined(separator: " or "))"
                )
            }
        }
        for (name, value) in index.sorted(by: { $0.key < $1.key }) {
            if case .component(let library?, let className?) = value, !Self.components.contains(where: { $0.name == name }) {
                throw invalid("\(name) is \(library) \(className), a component that GLM-Image doesn't have")
            }
        }
        self.fingerprint = try Self.fingerprint(url, components: Self.components.map(\.name))
    }

    public func component(_ name: String) -> URL { url.appendingPathComponent(name) }

    /// The JSON file at `relativePath` as a `T`.
    /// - Throws: `missingFile`, `unreadable`, or `invalidConfiguration` naming the file and the key.
    public func configuration<T: Decodable>(_ type: T.Type, _ relativePath: String) throws(CheckpointError) -> T {
        try JSONFile.decode(type, url.appendingPathComponent(relativePath))
    }
}

/// A value of `model_index.json`: a `[library, class]` pair, either of them null where a component is left out, or something else.
private enum IndexValue: Decodable {
    case component(library: String?, className: String?)
    case text(String)
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let pair = try? container.decode([String?].self), pair.count == 2 {
            self = .component(library: pair[0], className: pair[1])
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .other
        }
    }
}
