public import Foundation
public import Tensor

/// All tensors of one component's folder, from one file or from shards, with an account of what was used.
///
/// A part of the model takes each of its tensors by name and shape, and `finish()` refuses what is left over, so that a
/// loaded model is the checkpoint's and nothing but the checkpoint's.
public final class WeightMap {
    /// A tensor and the file that holds it.
    public struct Entry: Sendable, Hashable {
        public let tensor: TensorEntry
        public let file: String
    }

    private let folder: URL
    private let files: [SafetensorsFile]
    private let locations: [String: Int]
    private var used: Set<String> = []

    /// Opens `model.safetensors` or `diffusion_pytorch_model.safetensors`, or the shards that `….safetensors.index.json` names.
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file.
    public init(folder: URL) throws(CheckpointError) {
        self.folder = folder
        self.files = try Self.open(folder)
        var locations: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for name in file.names {
                if let other = locations.updateValue(index, forKey: name) {
                    throw CheckpointError(
                        .malformed, "\(name) is in both \(files[other].url.lastPathComponent) and \(file.url.lastPathComponent) of \(folder.path)")
                }
            }
        }
        self.locations = locations
    }

    private static func open(_ folder: URL) throws(CheckpointError) -> [SafetensorsFile] {
        let stems = ["model", "diffusion_pytorch_model"]
        for stem in stems {
            let single = folder.appendingPathComponent("\(stem).safetensors")
            if FileManager.default.fileExists(atPath: single.path) { return [try SafetensorsFile(single)] }
            let index = folder.appendingPathComponent("\(stem).safetensors.index.json")
            if FileManager.default.fileExists(atPath: index.path) { return try ShardIndex(index).openShards() }
        }
        throw CheckpointError(
            .missingFile, "\(folder.path) has none of \(stems.map { "\($0).safetensors" }.joined(separator: ", ")) nor their .index.json")
    }

    /// Every tensor, by name.
    public var entries: [Entry] {
        files.flatMap { file in file.entries.map { Entry(tensor: $0, file: file.url.lastPathComponent) } }.sorted { $0.tensor.name < $1.tensor.name }
    }

    public func contains(_ name: String) -> Bool { locations[name] != nil }

    /// The weight `name`, f32, bf16 or f16, a view of its file's map.
    /// - Throws: `missingTensor`, `shapeMismatch` or `unsupportedType`, naming tensor, shapes and file.
    public func take(_ name: String, _ shape: Shape) throws(CheckpointError) -> Tensor {
        guard let tensor = try takeIfPresent(name, shape) else {
            let place = files.count == 1 ? files[0].url.path : "the \(files.count) shards of \(folder.path)"
            throw CheckpointError(.missingTensor, "\(name) \(shape) is not in \(place)")
        }
        return tensor
    }

    /// As `take`, or nil where the checkpoint has no such tensor.
    public func takeIfPresent(_ name: String, _ shape: Shape) throws(CheckpointError) -> Tensor? {
        guard let location = locations[name], let entry = files[location].entry(name) else { return nil }
        let file = files[location]
        guard entry.shape == shape.array else {
            throw CheckpointError(.shapeMismatch, "\(name) should have the shape \(shape), has \(entry.shape) in \(file.url.path)")
        }
        guard entry.dtype?.isFloatingPoint == true else {
            throw CheckpointError(
                .unsupportedType, "\(name) \(shape) has the type \(entry.type) in \(file.url.path); weights may be F32, BF16 or F16")
        }
        used.insert(name)
        return try file.tensor(name)
    }

    /// Counts the tensors whose names begin with `prefix` as used: another stage's, or a documented duplicate.
    public func ignore(prefix: String) {
        for name in locations.keys where name.hasPrefix(prefix) { used.insert(name) }
    }

    /// - Throws: `unusedTensor`, naming the first few tensors that nothing took or ignored.
    public func finish() throws(CheckpointError) {
        let unused = entries.filter { !used.contains($0.tensor.name) }
        guard !unused.isEmpty else { return }
        let shown = unused.prefix(3).map { "\($0.tensor.name) \($0.tensor.shape) in \($0.file)" }.joined(separator: ", ")
        throw CheckpointError(
            .unusedTensor, "\(folder.path): no part of the model uses \(shown)\(unused.count > 3 ? " and \(unused.count - 3) more" : "")")
    }
}
