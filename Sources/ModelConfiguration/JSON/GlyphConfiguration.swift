package import Checkpoint

/// `text_encoder/config.json`: transformers `T5Config`, encoder only, gated GELU. Defaults are the class's, which a saved
/// file leaves out.
package struct GlyphConfiguration: Decodable {
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let headSize: Int
    package let heads: Int
    package let layers: Int
    package let vocabularySize: Int
    package let normEpsilon: Float
    package let buckets: Int
    package let maximumDistance: Int

    enum CodingKeys: String, CodingKey {
        case hiddenSize = "d_model"
        case intermediateSize = "d_ff"
        case headSize = "d_kv"
        case heads = "num_heads"
        case layers = "num_layers"
        case vocabularySize = "vocab_size"
        case normEpsilon = "layer_norm_epsilon"
        case buckets = "relative_attention_num_buckets"
        case maximumDistance = "relative_attention_max_distance"
        case feedForward = "feed_forward_proj"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        // T5Config turns "gated-gelu" into the tanh approximation ("gelu_new").
        try values.require("gated-gelu", forKey: .feedForward)
        hiddenSize = try values.value(.hiddenSize, default: 512)
        intermediateSize = try values.value(.intermediateSize, default: 2048)
        headSize = try values.value(.headSize, default: 64)
        heads = try values.value(.heads, default: 8)
        layers = try values.value(.layers, default: 6)
        vocabularySize = try values.value(.vocabularySize, default: 32_128)
        normEpsilon = try values.value(.normEpsilon, default: 1e-6)
        buckets = try values.value(.buckets, default: 32)
        maximumDistance = try values.value(.maximumDistance, default: 128)
    }

    /// The pipeline's limit in bytes and marks for one string.
    package static let maximumLength = 2048

    package static func load(_ model: ModelFolder) throws -> GlyphConfiguration {
        try model.configuration(GlyphConfiguration.self, "text_encoder/config.json")
    }
}
