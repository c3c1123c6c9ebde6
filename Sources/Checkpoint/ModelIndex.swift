import Foundation

/// `model_index.json`, which names a pipeline and its components.
enum ModelIndex {
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file; `invalidConfiguration` for a pipeline, component or class
    ///   that isn't GLM-Image's.
    static func check(_ model: URL) throws(CheckpointError) {
        let file = model.appendingPathComponent("model_index.json")
        let index = try JSONFile.decode([String: Value].self, file)
        func invalid(_ message: String) -> CheckpointError { CheckpointError(.invalidConfiguration, "\(file.path): \(message)") }

        guard case .text(let pipeline)? = index["_class_name"] else { throw invalid("_class_name is missing") }
        guard pipeline == "GlmImagePipeline" else { throw invalid("_class_name is \(pipeline), should be GlmImagePipeline") }
        for component in Component.ofImageModel {
            guard case .component(let library?, let className?)? = index[component.name] else { throw invalid("\(component.name) is missing") }
            guard className == component.className, component.libraries.contains(library) else {
                throw invalid(
                    "\(component.name) is \(library) \(className), should be \(component.libraries.sorted().joined(separator: " or ")) \(component.className)"
                )
            }
        }
        for (name, value) in index.sorted(by: { $0.key < $1.key }) {
            if case .component(let library?, let className?) = value, !Component.ofImageModel.contains(where: { $0.name == name }) {
                throw invalid("\(name) is \(library) \(className), a component that GLM-Image doesn't have")
            }
        }
    }

    /// A `[library, class]` pair, either of them null where a component is left out, or something else.
    private enum Value: Decodable {
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
}
