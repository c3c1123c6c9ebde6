package import Foundation

// The files of a checkpoint, for whoever writes another one after it.

extension ModelFolder {
    /// The files that hold a component's weights, and the index that names them where there are several.
    package struct WeightFiles {
        package let shards: [URL]
        package let index: URL?
    }

    /// By name; empty: of a flat folder.
    package var weightComponents: [String] { pipeline.components.filter { $0.weights != nil }.map(\.name) }

    /// - Throws: as ``weights(_:)``.
    package func weightFiles(_ name: String) throws(CheckpointError) -> WeightFiles {
        guard let layout = pipeline.components.first(where: { $0.name == name })?.weights else {
            preconditionFailure("\(name) is no component with weights")
        }
        switch try layout.choose(in: component(name)) {
        case .file(let file): return WeightFiles(shards: [file], index: nil)
        case .shards(let index): return WeightFiles(shards: index.shards, index: component(name).appendingPathComponent(layout.indexName))
        }
    }

    /// All files beside the weights, in the folder and in those of its components: what the model reads, and what people put beside it. Not
    /// hidden ones, and no weights that the model doesn't read.
    /// - Throws: `unreadable`, naming the folder.
    package func otherFiles() throws(CheckpointError) -> [URL] {
        var files: [URL] = []
        for folder in Set([""] + pipeline.components.map(\.name)).sorted().map(component) {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
                throw CheckpointError(.unreadable, "\(folder.path) can't be listed")
            }
            for name in names.sorted() where !name.hasPrefix(".") && !Self.isWeights(name) {
                let file = folder.appendingPathComponent(name)
                var isFolder: ObjCBool = false
                if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue { files.append(file) }
            }
        }
        return files
    }

    private static func isWeights(_ name: String) -> Bool {
        ([".safetensors", ".safetensors.index.json"] + WeightLayout.otherFormats).contains(where: name.hasSuffix)
    }
}
