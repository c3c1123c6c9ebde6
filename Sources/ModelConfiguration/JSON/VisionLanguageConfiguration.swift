package import Checkpoint

/// `vision_language_encoder/config.json`. transformers leaves out of a saved file what equals the class default, so the
/// defaults of transformers 5.23 `configuration_glm_image.py` stand here, each beside its key.
package struct VisionLanguageConfiguration: Decodable {
    package let imageStartTokenID: Int
    package let imageEndTokenID: Int
    package let imageTokenID: Int
    package let text: TextConfiguration
    package let vision: VisionConfiguration
    package let quantizer: QuantizerConfiguration

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case imageStartTokenID = "image_start_token_id"
        case imageEndTokenID = "image_end_token_id"
        case imageTokenID = "image_token_id"
        case text = "text_config"
        case vision = "vision_config"
        case quantizer = "vq_config"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.require("glm_image", forKey: .modelType)
        let text = try values.decode(TextConfiguration.self, forKey: .text)
        func token(_ key: CodingKeys, default fallback: Int) throws -> Int {
            let id = try values.value(key, default: fallback)
            try values.check((0..<text.vocabularySize).contains(id), key, "\(id) is outside the \(text.vocabularySize) ids of text_config")
            return id
        }
        imageStartTokenID = try token(.imageStartTokenID, default: 16_384)
        imageEndTokenID = try token(.imageEndTokenID, default: 16_385)
        imageTokenID = try token(.imageTokenID, default: 167_855)
        self.text = text
        vision = try values.decode(VisionConfiguration.self, forKey: .vision)
        quantizer = try values.decode(QuantizerConfiguration.self, forKey: .quantizer)
        // Codes are ids of the decoder.
        try values.check(
            quantizer.codebookSize <= text.vocabularySize, .quantizer,
            "num_embeddings \(quantizer.codebookSize) is more than the \(text.vocabularySize) ids of text_config")
    }

    package static func load(_ model: ModelFolder) throws -> VisionLanguageConfiguration {
        try model.configuration(VisionLanguageConfiguration.self, "vision_language_encoder/config.json")
    }
}

/// The autoregressive decoder's part: `GlmImageTextConfig`.
package struct TextConfiguration: Decodable {
    package let vocabularySize: Int
    package let visionVocabularySize: Int
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let layers: Int
    package let heads: Int
    package let keyValueHeads: Int
    package let headSize: Int
    package let normEpsilon: Float
    package let attentionBias: Bool
    package let maximumPositions: Int
    package let rope: RopeConfiguration

    enum CodingKeys: String, CodingKey {
        case vocabularySize = "vocab_size"
        case visionVocabularySize = "vision_vocab_size"
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case layers = "num_hidden_layers"
        case heads = "num_attention_heads"
        case keyValueHeads = "num_key_value_heads"
        case headSize = "head_dim"
        case normEpsilon = "rms_norm_eps"
        case attentionBias = "attention_bias"
        case maximumPositions = "max_position_embeddings"
        case hiddenActivation = "hidden_act"
        case rope = "rope_parameters"
    }

    /// Columns of a head that are rotated by position.
    package var rotaryDimensions: Int { Int(Float(headSize) * rope.partialRotaryFactor) }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if values.contains(.hiddenActivation) { try values.require("silu", forKey: .hiddenActivation) }
        vocabularySize = try values.size(.vocabularySize, LargestSize.vocabulary, default: 168_064)
        visionVocabularySize = try values.size(.visionVocabularySize, LargestSize.vocabulary, default: 16_512)
        // What is generated is read again.
        try values.check(
            visionVocabularySize <= vocabularySize, .visionVocabularySize, "\(visionVocabularySize) is more than vocab_size \(vocabularySize)")
        hiddenSize = try values.size(.hiddenSize, LargestSize.channels, default: 4096)
        intermediateSize = try values.size(.intermediateSize, LargestSize.channels, default: 13_696)
        layers = try values.size(.layers, LargestSize.layers, default: 40)
        heads = try values.size(.heads, LargestSize.heads, default: 32)
        // An explicit null means as many as heads; absent, the class has 2.
        keyValueHeads = values.contains(.keyValueHeads) ? try values.value(.keyValueHeads, default: heads) : 2
        headSize = try values.size(.headSize, LargestSize.headSize, default: hiddenSize / heads)
        normEpsilon = try values.value(.normEpsilon, default: 1e-5)
        attentionBias = try values.value(.attentionBias, default: true)
        maximumPositions = try values.size(.maximumPositions, LargestSize.area, default: 131_072)
        rope = try values.decode(RopeConfiguration.self, forKey: .rope)
        try values.check(
            keyValueHeads > 0 && heads % keyValueHeads == 0, .keyValueHeads, "\(keyValueHeads) doesn't divide \(heads) heads")
        let angles = rotaryDimensions / 2
        try values.check(rope.sections.reduce(0, +) == angles, .rope, "mrope_section \(rope.sections) doesn't sum to the \(angles) rotated pairs")
    }
}

/// `rope_parameters`: only the default type with sections is a GLM-Image.
package struct RopeConfiguration: Decodable {
    package let theta: Float
    /// Pairs turned by the temporal, height, width … position, in this order, over frequencies from high to low.
    package let sections: [Int]
    package let partialRotaryFactor: Float

    enum CodingKeys: String, CodingKey {
        case type = "rope_type"
        case theta = "rope_theta"
        case sections = "mrope_section"
        case partialRotaryFactor = "partial_rotary_factor"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if values.contains(.type) { try values.require("default", forKey: .type) }
        theta = try values.decode(Float.self, forKey: .theta)
        sections = try values.value(.sections, default: [8, 12, 12])
        partialRotaryFactor = try values.value(.partialRotaryFactor, default: 1)
        try values.check(
            sections.count <= LargestSize.headSize && sections.allSatisfy { (0...LargestSize.headSize).contains($0) }, .sections,
            "\(sections.count) sections, or one of them, are more than \(LargestSize.headSize) or negative")
        try values.check((0...1).contains(partialRotaryFactor), .partialRotaryFactor, "\(partialRotaryFactor) is outside 0 through 1")
    }
}

/// The vision tower's part: `GlmImageVisionConfig`.
package struct VisionConfiguration: Decodable {
    package let depth: Int
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let heads: Int
    package let imageSize: Int
    package let patchSize: Int
    package let channels: Int
    package let normEpsilon: Float
    package let attentionBias: Bool

    enum CodingKeys: String, CodingKey {
        case depth
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case heads = "num_heads"
        case imageSize = "image_size"
        case patchSize = "patch_size"
        case channels = "in_channels"
        case normEpsilon = "layer_norm_eps"
        case attentionBias = "attention_bias"
        case hiddenActivation = "hidden_act"
        case mergeSize = "spatial_merge_size"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if values.contains(.hiddenActivation) { try values.require("gelu", forKey: .hiddenActivation) }
        let merge = try values.value(.mergeSize, default: 1)
        try values.check(merge == 1, .mergeSize, "\(merge) is not 1")
        depth = try values.size(.depth, LargestSize.layers, default: 40)
        hiddenSize = try values.size(.hiddenSize, LargestSize.channels, default: 1536)
        intermediateSize = try values.size(.intermediateSize, LargestSize.channels, default: 6144)
        heads = try values.size(.heads, LargestSize.heads, default: 16)
        imageSize = try values.size(.imageSize, LargestSize.side, default: 2048)
        patchSize = try values.size(.patchSize, LargestSize.patch, default: 16)
        channels = try values.size(.channels, LargestSize.channels, default: 3)
        normEpsilon = try values.value(.normEpsilon, default: 1e-6)
        attentionBias = try values.value(.attentionBias, default: true)
        try values.check(hiddenSize % heads == 0, .heads, "\(heads) doesn't divide hidden_size \(hiddenSize)")
        try values.check(imageSize % patchSize == 0, .patchSize, "\(patchSize) doesn't divide image_size \(imageSize)")
    }
}

/// The quantizer's part: `GlmImageVQVAEConfig`.
package struct QuantizerConfiguration: Decodable {
    package let codebookSize: Int
    package let codeSize: Int
    package let latentChannels: Int

    enum CodingKeys: String, CodingKey {
        case codebookSize = "num_embeddings"
        case codeSize = "embed_dim"
        case latentChannels = "latent_channels"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        codebookSize = try values.size(.codebookSize, LargestSize.vocabulary, default: 16_384)
        codeSize = try values.size(.codeSize, LargestSize.channels, default: 2048)
        latentChannels = try values.size(.latentChannels, LargestSize.channels, default: 1536)
    }
}
