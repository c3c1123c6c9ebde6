import Foundation

/// How a library names a component's weights, and which of them it reads where there are several. Nothing else counts: neither
/// variants (`model.fp16.safetensors`), which are read only by name, nor what other programs leave in the folder.
package enum WeightLayout: Sendable {
    /// The single file goes before the index (transformers 5.23 `_get_resolved_checkpoint_files`).
    case transformers
    /// The index goes before the single file (diffusers 0.42.1 `ModelMixin.from_pretrained`).
    case diffusers

    enum Choice {
        case file(URL)
        case shards(ShardIndex)

        /// All that is read of it.
        var files: [URL] {
            switch self {
            case .file(let url): [url]
            case .shards(let index): index.shards
            }
        }
    }

    var stem: String {
        switch self {
        case .transformers: "model"
        case .diffusers: "diffusion_pytorch_model"
        }
    }

    var fileName: String { "\(stem).safetensors" }
    var indexName: String { "\(stem).safetensors.index.json" }

    /// - Throws: `missingFile` where there is neither, saying what there is instead; `malformed` for an index that names no shards.
    func choose(in folder: URL) throws(CheckpointError) -> Choice {
        let file = folder.appendingPathComponent(fileName), index = folder.appendingPathComponent(indexName)
        if self == .transformers, try CheckpointFile.exists(file) { return .file(file) }
        if try CheckpointFile.exists(index) { return .shards(try ShardIndex(index)) }
        if try CheckpointFile.exists(file) { return .file(file) }
        return try chooseModelSlim(in: folder)
    }

    /// What msModelSlim writes in place of these names; vLLM-Ascend reads it by the index, too, or where there is one file alone.
    private func chooseModelSlim(in folder: URL) throws(CheckpointError) -> Choice {
        guard try CheckpointFile.exists(folder.appendingPathComponent(ModelSlimDescription.fileName)) else { throw missing(from: folder) }
        let index = folder.appendingPathComponent("quant_model_weights.safetensors.index.json")
        if try CheckpointFile.exists(index) { return .shards(try ShardIndex(index)) }
        for type in ["w8a8_dynamic", "w8a16"] {
            let file = folder.appendingPathComponent("quant_model_weight_\(type).safetensors")
            if try CheckpointFile.exists(file) { return .file(file) }
        }
        throw missing(from: folder)
    }
}
