public import Foundation

/// A checkpoint's folder as Hugging Face lays it out, in either of the layouts that a ``ModelPipeline`` has.
///
/// A flat folder has one component, whose name is empty.
public struct ModelFolder: Sendable {
    public let url: URL
    public let pipeline: ModelPipeline

    /// Reads and checks the file that says what the model is, and that the small files that are there can be read; what is in them, and
    /// the weights, are read when they are asked for: a machine that runs one stage may hold only that stage's components.
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file; `invalidConfiguration` for another model than GLM-Image,
    ///   GLM-4.1V or GLM-4.6V-Flash, naming the key.
    public init(_ url: URL) throws(CheckpointError) {
        self.url = url
        pipeline = try ModelPipeline(of: url)
        for component in pipeline.components {
            for text in try component.presentTexts(in: url) { try CheckpointFile.withOpen(text) { _, _ in } }
        }
    }

    public func component(_ name: String) -> URL { Component.folder(name, in: url) }

    /// The weights of the component `name`.
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file.
    public func weights(_ name: String) throws(CheckpointError) -> WeightMap {
        guard let layout = pipeline.components.first(where: { $0.name == name })?.weights else {
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
