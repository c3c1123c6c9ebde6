public import Foundation

/// A GLM-Image checkpoint's folder as Hugging Face lays it out: `model_index.json` and a folder for each component.
public struct ModelFolder: Sendable {
    public let url: URL

    /// Reads and checks `model_index.json`, and that the small files that are there can be read; what is in them, and the weights, are
    /// read when they are asked for: a machine that runs one stage may hold only that stage's components.
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file; `invalidConfiguration` for a pipeline, component or class
    ///   that isn't GLM-Image's.
    public init(_ url: URL) throws(CheckpointError) {
        self.url = url
        let file = url.appendingPathComponent("model_index.json")
        if try !CheckpointFile.exists(file), try CheckpointFile.exists(url.appendingPathComponent("snapshots")) {
            throw CheckpointError(.missingFile, "\(url.path) is a model in Hugging Face's cache; the checkpoint is a folder in its snapshots")
        }
        let index = try JSONFile.decode([String: IndexValue].self, file)
        func invalid(_ message: String) -> CheckpointError { CheckpointError(.invalidConfiguration, "\(file.path): \(message)") }

        guard case .text(let pipeline)? = index["_class_name"] else { throw invalid("_class_name is missing") }
        guard pipeline == "GlmImagePipeline" else { throw invalid("_class_name is \(pipeline), should be GlmImagePipeline") }
        for component in Component.all {
            guard case .component(let library?, let className?)? = index[component.name] else { throw invalid("\(component.name) is missing") }
            guard className == component.className, component.libraries.contains(library) else {
                throw invalid(
                    "\(component.name) is \(library) \(className), should be \(component.libraries.sorted().joined(separator: " or ")) \(component.className)"
                )
            }
        }
        for (name, value) in index.sorted(by: { $0.key < $1.key }) {
            if case .component(let library?, let className?) = value, !Component.all.contains(where: { $0.name == name }) {
                throw invalid("\(name) is \(library) \(className), a component that GLM-Image doesn't have")
            }
        }
        for component in Component.all {
            for text in try component.presentTexts(in: url) { try CheckpointFile.withOpen(text) { _, _ in } }
        }
    }

    public func component(_ name: String) -> URL { url.appendingPathComponent(name) }

    /// The weights of the component `name`.
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file.
    public func weights(_ name: String) throws(CheckpointError) -> WeightMap {
        guard let layout = Component.all.first(where: { $0.name == name })?.weights else {
            preconditionFailure("\(name) is no component with weights")
        }
        return try WeightMap(folder: component(name), layout: layout)
    }

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
