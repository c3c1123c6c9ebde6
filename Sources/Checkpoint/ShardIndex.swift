import Foundation

/// `model.safetensors.index.json`: which shard holds which tensor.
struct ShardIndex {
    private struct File: Decodable {
        let weights: [String: String]
        enum CodingKeys: String, CodingKey { case weights = "weight_map" }
    }

    private let url: URL
    private let weights: [String: String]

    init(_ url: URL) throws(CheckpointError) {
        self.url = url
        self.weights = try JSONFile.decode(File.self, url).weights
    }

    /// Opens every shard; the index and the shards must hold the same tensors.
    func openShards() throws(CheckpointError) -> [SafetensorsFile] {
        var files: [SafetensorsFile] = []
        for shard in Set(weights.values).sorted() {
            // A shard lies beside its index: nothing in a checkpoint may lead out of its folder.
            guard shard.hasSuffix(".safetensors"), !shard.contains("/") else {
                throw CheckpointError(.malformed, "\(url.path) names the shard \(shard), which isn't a .safetensors file beside it")
            }
            let file = try SafetensorsFile(url.deletingLastPathComponent().appendingPathComponent(shard))
            for name in file.names where weights[name] != shard {
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
