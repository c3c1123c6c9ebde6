public import Checkpoint
public import Foundation
import Domain

/// A checkpoint as placement sees it: bytes of weights by stage and the numbers that memory follows from. Only headers and
/// configurations are read.
public struct ModelSize: Sendable, Hashable {
    /// The weights of one stage.
    struct Weights: Sendable, Hashable {
        var parameters = 0
        /// As the files hold them.
        var bytes = 0
    }

    /// The folder's path.
    public let path: String
    public let fingerprint: String
    let weights: [StageKind: Weights]
    /// Of them, the diffusion transformer's.
    let transformerParameters: Int
    let text: TextShape
    let vision: VisionShape
    let transformer: TransformerShape
    let autoencoder: AutoencoderShape

    /// - Throws: `invalidModel`, naming the file and what is wrong with it.
    public init(_ url: URL) throws(PlacementError) {
        do {
            try self.init(ModelFolder(url))
        } catch {
            throw PlacementError(.invalidModel, "the model \(url.path): \(error)")
        }
    }

    /// - Throws: `CheckpointError`.
    public init(_ folder: ModelFolder) throws(CheckpointError) {
        path = folder.url.standardizedFileURL.path
        fingerprint = folder.fingerprint
        var weights: [StageKind: Weights] = [:]
        var transformerParameters = 0
        for part in ["vision_language_encoder", "text_encoder", "transformer", "vae"] {
            for entry in try WeightMap(folder: folder.component(part)).entries {
                let parameters = entry.tensor.shape.reduce(1, *)
                let role = Self.role(part, entry.tensor.name)
                weights[role, default: Weights()].parameters += parameters
                weights[role, default: Weights()].bytes += entry.tensor.byteCount
                if part == "transformer" { transformerParameters += parameters }
            }
        }
        self.weights = weights
        self.transformerParameters = transformerParameters
        let encoder = try folder.configuration(VisionLanguageShape.self, "vision_language_encoder/config.json")
        text = encoder.text
        vision = encoder.vision
        transformer = try folder.configuration(TransformerShape.self, "transformer/config.json")
        autoencoder = try folder.configuration(AutoencoderShape.self, "vae/config.json")
    }

    /// One component serves two stages: the vision tower with its quantizer one, the decoder with its head the other.
    private static func role(_ part: String, _ tensor: String) -> StageKind {
        guard part == "vision_language_encoder" else { return .diffusion }
        return tensor.hasPrefix("model.visual.") || tensor.hasPrefix("model.vqmodel.") ? .vision : .text
    }
}

/// `vision_language_encoder/config.json`, as far as memory follows from it.
private struct VisionLanguageShape: Decodable {
    let text: TextShape
    let vision: VisionShape

    enum CodingKeys: String, CodingKey {
        case text = "text_config"
        case vision = "vision_config"
    }
}

/// The autoregressive decoder. Defaults are those of transformers 5.23 `GlmImageTextConfig`, which a saved file leaves out.
struct TextShape: Decodable, Sendable, Hashable {
    let layers, hidden, inner, heads, keyValueHeads, headSize, head: Int

    enum CodingKeys: String, CodingKey {
        case layers = "num_hidden_layers"
        case hidden = "hidden_size"
        case inner = "intermediate_size"
        case heads = "num_attention_heads"
        case keyValueHeads = "num_key_value_heads"
        case headSize = "head_dim"
        case head = "vision_vocab_size"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        layers = try values.decodeIfPresent(Int.self, forKey: .layers) ?? 40
        hidden = try values.decodeIfPresent(Int.self, forKey: .hidden) ?? 4096
        inner = try values.decodeIfPresent(Int.self, forKey: .inner) ?? 13_696
        heads = try values.decodeIfPresent(Int.self, forKey: .heads) ?? 32
        // An explicit null means as many as heads; absent, the class has 2.
        keyValueHeads = values.contains(.keyValueHeads) ? try values.decodeIfPresent(Int.self, forKey: .keyValueHeads) ?? heads : 2
        headSize = try values.decodeIfPresent(Int.self, forKey: .headSize) ?? hidden / max(heads, 1)
        head = try values.decodeIfPresent(Int.self, forKey: .head) ?? 16_512
    }
}

/// The vision tower. Defaults are those of transformers 5.23 `GlmImageVisionConfig`.
struct VisionShape: Decodable, Sendable, Hashable {
    let depth, hidden, inner: Int

    enum CodingKeys: String, CodingKey {
        case depth
        case hidden = "hidden_size"
        case inner = "intermediate_size"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        depth = try values.decodeIfPresent(Int.self, forKey: .depth) ?? 40
        hidden = try values.decodeIfPresent(Int.self, forKey: .hidden) ?? 1536
        inner = try values.decodeIfPresent(Int.self, forKey: .inner) ?? 6144
    }
}

/// `transformer/config.json`.
struct TransformerShape: Decodable, Sendable, Hashable {
    let layers, heads, headSize, patch: Int
    var hidden: Int { heads * headSize }

    enum CodingKeys: String, CodingKey {
        case layers = "num_layers"
        case heads = "num_attention_heads"
        case headSize = "attention_head_dim"
        case patch = "patch_size"
    }
}

/// `vae/config.json`. Defaults are those of diffusers 0.42.1 `AutoencoderKL` as the model reads it.
struct AutoencoderShape: Decodable, Sendable, Hashable {
    /// From the image's side to the latents' side.
    let channels: [Int]
    /// Side in pixels of the pictures that the checkpoint was trained on, and of a tile.
    let sampleSide: Int
    /// Pixels of a latent in each direction.
    var scale: Int { 1 << max(channels.count - 1, 0) }

    enum CodingKeys: String, CodingKey {
        case channels = "block_out_channels"
        case sampleSide = "sample_size"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        channels = try values.decode([Int].self, forKey: .channels)
        sampleSide = try values.decodeIfPresent(Int.self, forKey: .sampleSide) ?? 1024
    }
}
