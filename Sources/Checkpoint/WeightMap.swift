package import Foundation
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

    let folder: URL
    /// How the weights of products are stored.
    package let quantization: WeightQuantization
    private let files: [SafetensorsFile]
    private let locations: [String: Int]
    private var used: Set<String> = []

    /// Opens the weights that the library with this layout would read.
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file.
    package init(folder: URL, layout: WeightLayout) throws(CheckpointError) {
        self.folder = folder
        switch try layout.choose(in: folder) {
        case .file(let file): files = [try SafetensorsFile(file)]
        case .shards(let index): files = try index.openShards()
        }
        var locations: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            // Shards have no name in common: each holds what the index puts into it.
            for name in file.names { locations[name] = index }
        }
        self.locations = locations
        quantization = try WeightQuantization(of: folder, names: locations.keys)
    }

    /// Every tensor, by name.
    public var entries: [Entry] {
        files.flatMap { file in file.entries.map { Entry(tensor: $0, file: file.url.lastPathComponent) } }.sorted { $0.tensor.name < $1.tensor.name }
    }

    /// The tensor `name`, whether it is used or not; nil where the checkpoint has none.
    func tensor(_ name: String) throws(CheckpointError) -> Tensor? {
        guard let location = locations[name] else { return nil }
        return try files[location].tensor(name)
    }

    public func contains(_ name: String) -> Bool { locations[name] != nil }

    func entry(_ name: String) -> TensorEntry? { locations[name].flatMap { files[$0].entry(name) } }

    /// The weight `name`, f32, bf16 or f16, a view of its file's map.
    /// - Throws: `missingTensor`, `shapeMismatch` or `unsupportedType`, naming tensor, shapes and file.
    public func take(_ name: String, _ shape: Shape) throws(CheckpointError) -> Tensor { try take(name, extents: shape.array) }

    /// The same for a weight of any rank, whose last extents are folded as in ``SafetensorsFile/tensor(_:)``.
    public func take(_ name: String, extents: [Int]) throws(CheckpointError) -> Tensor { try take(name, extents, Self.weightTypes) }

    /// The same for a tensor of one of these types.
    func take(_ name: String, _ shape: Shape, types: [DType]) throws(CheckpointError) -> Tensor { try take(name, shape.array, types) }

    private func take(_ name: String, _ extents: [Int], _ types: [DType]) throws(CheckpointError) -> Tensor {
        guard let tensor = try takeIfPresent(name, extents, types) else {
            let place = files.count == 1 ? files[0].url.path : "the \(files.count) shards of \(folder.path)"
            throw CheckpointError(.missingTensor, "\(name) \(extents) is not in \(place)")
        }
        return tensor
    }

    /// As `take`, or nil where the checkpoint has no such tensor.
    public func takeIfPresent(_ name: String, _ shape: Shape) throws(CheckpointError) -> Tensor? {
        try takeIfPresent(name, shape.array, Self.weightTypes)
    }

    /// Of weights that are read as they are.
    private static let weightTypes: [DType] = [.f32, .bf16, .f16]

    private func takeIfPresent(_ name: String, _ shape: [Int], _ types: [DType]) throws(CheckpointError) -> Tensor? {
        guard let location = locations[name], let entry = files[location].entry(name) else { return nil }
        let file = files[location]
        guard entry.shape == shape else {
            throw CheckpointError(.shapeMismatch, "\(name) should have the shape \(shape), has \(entry.shape) in \(file.url.path)")
        }
        guard let type = entry.dtype, types.contains(type) else {
            let allowed = types.map { $0.rawValue.uppercased() }.joined(separator: ", ")
            throw CheckpointError(
                .unsupportedType, "\(name) \(shape) has the type \(entry.type) in \(file.url.path); should be one of \(allowed)")
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
