/// The decoder's part of a question model: `Glm4vTextConfig`. The defaults are the class's.
package struct GLM4VTextConfiguration: Decodable {
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let layers: Int
    package let heads: Int
    package let keyValueHeads: Int
    package let normEpsilon: Float
    /// Tokens of prompt and answer at most.
    package let maximumPositions: Int
    package let rope: GLM4VRopeConfiguration
    /// Tokens that end an answer, where `generation_config.json` names none.
    package let endTokenIDs: [Int]

    enum CodingKeys: String, CodingKey {
        case vocabularySize = "vocab_size"
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case layers = "num_hidden_layers"
        case heads = "num_attention_heads"
        case keyValueHeads = "num_key_value_heads"
        case normEpsilon = "rms_norm_eps"
        case maximumPositions = "max_position_embeddings"
        case headSize = "head_dim"
        case activation = "hidden_act"
        case endTokenIDs = "eos_token_id"
        case tied = "tie_word_embeddings"
    }

    package var headSize: Int { hiddenSize / heads }

    /// Columns of a head that are rotated by position: the first ones, in pairs of neighbours.
    package var rotaryDimensions: Int { Int(Float(headSize) * rope.partialRotaryFactor) }

    package init(from decoder: any Decoder) throws { try self.init(from: decoder, complete: false) }

    /// - Parameter complete: whether a missing size is an error rather than the class's default.
    init(from decoder: any Decoder, complete: Bool) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func size(_ key: CodingKeys, _ most: Int, default fallback: Int) throws -> Int {
            try values.size(key, most, default: complete ? nil : fallback)
        }
        if values.isSet(.activation) { try values.require("silu", forKey: .activation) }
        let tied = try values.value(.tied, default: false)
        try values.check(!tied, .tied, "true is not supported")
        vocabularySize = try size(.vocabularySize, LargestSize.vocabulary, default: 151_552)
        hiddenSize = try size(.hiddenSize, LargestSize.channels, default: 4096)
        intermediateSize = try size(.intermediateSize, LargestSize.channels, default: 13_696)
        layers = try size(.layers, LargestSize.layers, default: 40)
        heads = try size(.heads, LargestSize.heads, default: 32)
        try values.check(hiddenSize % heads == 0, .heads, "\(heads) doesn't divide hidden_size \(hiddenSize)")
        // An explicit null means as many as heads; absent, the class has 2.
        keyValueHeads =
            values.contains(.keyValueHeads) || complete ? try size(.keyValueHeads, LargestSize.heads, default: heads) : 2
        normEpsilon = complete ? try values.decode(Float.self, forKey: .normEpsilon) : try values.value(.normEpsilon, default: 1e-5)
        maximumPositions = try size(.maximumPositions, LargestSize.area, default: 32_768)
        endTokenIDs = try values.tokenIDs(.endTokenIDs) ?? []
        rope = try GLM4VRopeConfiguration(beside: decoder, headSize: hiddenSize / heads, complete: complete)
        try check(values)
    }

    private func check(_ values: KeyedDecodingContainer<CodingKeys>) throws {
        try values.check(heads % keyValueHeads == 0, .keyValueHeads, "\(keyValueHeads) doesn't divide \(heads) heads")
        let declared = try values.value(.headSize, default: headSize)
        try values.check(declared == headSize, .headSize, "\(declared) is not hidden_size / num_attention_heads, \(headSize)")
        try values.check(normEpsilon > 0 && normEpsilon < 1, .normEpsilon, "\(normEpsilon) is not between 0 and 1")
        try values.check(
            endTokenIDs.allSatisfy { (0..<vocabularySize).contains($0) }, .endTokenIDs,
            "\(endTokenIDs) are not all within the \(vocabularySize) ids of vocab_size")
    }
}
