import Foundation

/// `model.safetensors.index.json`: which shard holds which tensor.
struct ShardIndex {
    private struct File: Decodable {
        let weights: [String: String]
        enum CodingKeys: String, CodingKey { case weights = "weight_map" }
    }

    private let url: URL
    private let weights: [String: String]

    /// - Throws: `malformed` where it names anything but `.safetensors` files beside it: nothing in a checkpoint may lead out of its folder.
    init(_ url: URL) throws(CheckpointError) {
        self.url = url
        self.weights = try JSONFile.decode(File.self, url).weights
        guard !weights.isEmpty else { throw CheckpointError(.malformed, "\(url.path) names no shard") }
        if let shard = weights.values.filter({ !$0.hasSuffix(".safetensors") || $0.contains("/") }).min() {
            throw CheckpointError(.malformed, "\(url.path) names the shard \(shard), which isn't a .safetensors file beside it")
        }
    }

    /// Every shard, in the order of the names.
    var shards: [URL] { Set(weights.values).sorted().map { url.deletingLastPathComponent().appendingPathComponent($0) } }

    /// Opens every shard; the index and the shards must hold the same tensors, each in the shard that the index puts it into.
    func openShards() throws(CheckpointError) -> [SafetensorsFile] {
        var files: [SafetensorsFile] = []
        for shard in shards {
            guard try CheckpointFile.exists(shard) else {
                throw CheckpointError(.missingFile, "\(shard.path) is missing; \(url.lastPathComponent) names it")
            }
            let file = try SafetensorsFile(shard)
            for name in file.names where weights[name] != shard.lastPathComponent {
                throw CheckpointError(
                    .malformed, "\(file.url.path) holds \(name), which \(url.lastPathComponent) puts into \(weights[name] ?? "no shard")")
            }
            files.append(file)
        }
        let held = Set(files.flatMap(\.names))
        if let missing = weights.keys.filter({ !held.contains($0) }).min() {
            throw CheckpointError(.malformed, "\(url.path) puts \(missing) into \(weights[missing] ?? ""), which doesn't hold it")
        }
        return files
    }
}
