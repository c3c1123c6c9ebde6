package import Checkpoint

/// `transformer/config.json`: diffusers `GlmImageTransformer2DModel`. Every key is required, since the class defaults are
/// not the published checkpoint's.
package struct TransformerConfiguration: Decodable {
    package let patchSize: Int
    package let inChannels: Int
    package let outChannels: Int
    package let layers: Int
    package let headSize: Int
    package let heads: Int
    package let textEmbeddingSize: Int
    package let timeEmbeddingSize: Int
    package let conditionSize: Int
    package let codebookSize: Int

    package var hiddenSize: Int { heads * headSize }

    enum CodingKeys: String, CodingKey {
        case patchSize = "patch_size"
        case inChannels = "in_channels"
        case outChannels = "out_channels"
        case layers = "num_layers"
        case headSize = "attention_head_dim"
        case heads = "num_attention_heads"
        case textEmbeddingSize = "text_embed_dim"
        case timeEmbeddingSize = "time_embed_dim"
        case conditionSize = "condition_dim"
        case codebookSize = "prior_vq_quantizer_codebook_size"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        patchSize = try values.size(.patchSize, LargestSize.patch)
        inChannels = try values.size(.inChannels, LargestSize.channels)
        outChannels = try values.size(.outChannels, LargestSize.channels)
        layers = try values.size(.layers, LargestSize.layers)
        headSize = try values.size(.headSize, LargestSize.headSize)
        heads = try values.size(.heads, LargestSize.heads)
        textEmbeddingSize = try values.size(.textEmbeddingSize, LargestSize.channels)
        timeEmbeddingSize = try values.size(.timeEmbeddingSize, LargestSize.channels)
        conditionSize = try values.size(.conditionSize, LargestSize.channels)
        codebookSize = try values.size(.codebookSize, LargestSize.vocabulary)
    }

    package static func load(_ model: ModelFolder) throws -> TransformerConfiguration {
        let values = try model.configuration(TransformerConfiguration.self, "transformer/config.json")
        guard values.headSize % 4 == 0 else {
            throw GLMImageError(
                .unsupportedModel,
                "transformer/config.json: attention_head_dim \(values.headSize) is not a multiple of 4, which rows and columns share")
        }
        guard values.inChannels == values.outChannels, values.patchSize == 2 else {
            throw GLMImageError(
                .unsupportedModel,
                "transformer/config.json: in_channels \(values.inChannels), out_channels \(values.outChannels), patch_size \(values.patchSize); expected equal channels and patches of 2"
            )
        }
        return values
    }
}
