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
        hiddenSize = try values.size(.hiddenSize, LargestSize.channels, default: 512)
        intermediateSize = try values.size(.intermediateSize, LargestSize.channels, default: 2048)
        headSize = try values.size(.headSize, LargestSize.headSize, default: 64)
        heads = try values.size(.heads, LargestSize.heads, default: 8)
        layers = try values.size(.layers, LargestSize.layers, default: 6)
        vocabularySize = try values.size(.vocabularySize, LargestSize.vocabulary, default: 32_128)
        normEpsilon = try values.value(.normEpsilon, default: 1e-6)
        buckets = try values.size(.buckets, LargestSize.channels, default: 32)
        maximumDistance = try values.size(.maximumDistance, LargestSize.vocabulary, default: 128)
        // Half of the buckets are for one direction, and half of these for single distances.
        try values.check(buckets >= 4, .buckets, "\(buckets) is less than 4")
        try values.check(maximumDistance > buckets / 4, .maximumDistance, "\(maximumDistance) is no more than a fourth of \(buckets) buckets")
    }

    /// The pipeline's limit in bytes and marks for one string.
    package static let maximumLength = 2048

    package static func load(_ model: ModelFolder) throws -> GlyphConfiguration {
        try model.configuration(GlyphConfiguration.self, "text_encoder/config.json")
    }
}
