package import Checkpoint

/// `config.json` of a question model: transformers 5.23 `Glm4vConfig`. Four forms are in circulation:
/// 1. `text_config` with `rope_scaling`, `rope_theta` and `partial_rotary_factor` beside it (4.57);
/// 2. `text_config` with `rope_parameters` that holds all three (5.x);
/// 3. fields of the text part at the top level and in `text_config`, of which only the latter count (fine-tunes saved by 4.5x);
/// 4. fields of the text part at the top level alone (the releases of July 2025). transformers 5.23 reads this one by the defaults of
///    its class without an error; here the top level is read, and no field of it may be missing.
package struct GLM4VConfiguration: Decodable {
    package let imageTokenID: Int
    package let text: GLM4VTextConfiguration
    package let vision: GLM4VVisionConfiguration

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case imageTokenID = "image_token_id"
        case text = "text_config"
        case vision = "vision_config"
        case tied = "tie_word_embeddings"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.require("glm4v", forKey: .modelType)
        let tied = try values.value(.tied, default: false)
        try values.check(!tied, .tied, "true is not supported")

        let text =
            values.isSet(.text)
            ? try values.decode(GLM4VTextConfiguration.self, forKey: .text) : try GLM4VTextConfiguration(from: decoder, complete: true)
        imageTokenID = try values.value(.imageTokenID, default: 151_343)
        try values.check(
            (0..<text.vocabularySize).contains(imageTokenID), .imageTokenID,
            "\(imageTokenID) is outside the \(text.vocabularySize) ids of vocab_size")
        self.text = text
        vision = try values.decode(GLM4VVisionConfiguration.self, forKey: .vision)
        try values.check(
            vision.outputSize == text.hiddenSize, .vision,
            "out_hidden_size \(vision.outputSize) is not the text part's hidden_size \(text.hiddenSize)")
    }

    package static func load(_ model: ModelFolder) throws -> GLM4VConfiguration {
        try model.configuration(GLM4VConfiguration.self, "config.json")
    }
}
