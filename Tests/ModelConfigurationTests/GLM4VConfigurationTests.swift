import Domain
import Foundation
import ModelConfiguration
import Testing

/// The files of a question model in all forms that are in circulation.
@Suite struct GLM4VConfigurationTests {
    @Test("config.json is read alike in its four forms", arguments: Forms.all)
    func forms(_ form: Form) throws {
        let configuration = try decode(GLM4VConfiguration.self, form.json)
        let text = configuration.text
        #expect(text.hiddenSize == 96 && text.intermediateSize == 160 && text.layers == 3 && text.heads == 6 && text.keyValueHeads == 2)
        #expect(text.vocabularySize == 500 && text.maximumPositions == 640 && text.headSize == 16 && text.rotaryDimensions == 8)
        #expect(text.rope.theta == 500_000 && text.rope.sections == [1, 2, 1] && text.rope.partialRotaryFactor == 0.5)
        #expect(text.endTokenIDs == [401, 402])
        #expect(configuration.imageTokenID == 490)
        let vision = configuration.vision
        #expect(vision.hiddenSize == 64 && vision.outputSize == 96 && vision.headSize == 16 && vision.tableSide == 6 && vision.mergeSize == 2)
    }

    @Test("what a file leaves out takes the values of the class, and of the published models")
    func defaults() throws {
        let configuration = try decode(
            GLM4VConfiguration.self,
            #"""
            {"model_type": "glm4v", "vision_config": {"model_type": "glm4v"}, "text_config": {"rope_parameters":
              {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5, "mrope_section": [8, 12, 12]}}}
            """#)
        let text = configuration.text
        #expect(text.hiddenSize == 4096 && text.intermediateSize == 13_696 && text.layers == 40 && text.heads == 32 && text.keyValueHeads == 2)
        #expect(text.vocabularySize == 151_552 && text.maximumPositions == 32_768 && text.normEpsilon == 1e-5 && text.rotaryDimensions == 64)
        #expect(text.endTokenIDs.isEmpty && configuration.imageTokenID == 151_343)
        let vision = configuration.vision
        #expect(vision.depth == 24 && vision.hiddenSize == 1536 && vision.heads == 12 && vision.tableSide == 24 && vision.outputSize == 4096)
        #expect(vision.intermediateSize == 13_696 && !vision.attentionBias && vision.normEpsilon == 1e-5 && vision.temporalPatchSize == 2)
    }

    @Test("the fields of the top level alone must be complete: what is missing there is not taken from the class", arguments: Forms.topLevelKeys)
    func incomplete(_ key: String) throws {
        let error = try failure(GLM4VConfiguration.self, Forms.topLevel.json.replacingOccurrences(of: "\"\(key)\"", with: "\"other\""))
        #expect(error.contains(key), "\(error)")
    }

    @Test(
        "another architecture is refused by key and value",
        arguments: [
            (#""glm4v""#, #""glm4v_moe""#, "model_type", "glm4v_moe"),
            (#""silu""#, #""gelu""#, "hidden_act", "gelu"),
            (#""rope_type": "default""#, #""rope_type": "yarn""#, "rope_type", "yarn"),
            ("[1, 2, 1]", "[1, 2, 2]", "mrope_section", "[1, 2, 2]"),
            ("[1, 2, 1]", "[1, 3]", "mrope_section", "[1, 3]"),
            (#""tie_word_embeddings": false"#, #""tie_word_embeddings": true"#, "tie_word_embeddings", "true"),
            (#""num_attention_heads": 6"#, #""num_attention_heads": 7"#, "num_attention_heads", "96"),
            (#""num_attention_heads": 6"#, #""num_attention_heads": 0"#, "num_attention_heads", "0 is outside 1 through 1024"),
            (#""num_key_value_heads": 2"#, #""num_key_value_heads": 4"#, "num_key_value_heads", "4"),
            (#""num_hidden_layers": 3"#, #""num_hidden_layers": 9223372036854775807"#, "num_hidden_layers", "9223372036854775807"),
            (#""rope_theta": 500000.0"#, #""rope_theta": -1"#, "rope_theta", "-1"),
            (#""partial_rotary_factor": 0.5"#, #""partial_rotary_factor": 3e38"#, "partial_rotary_factor", "3e+38"),
            (#""image_token_id": 490"#, #""image_token_id": 500"#, "image_token_id", "500"),
            (#""eos_token_id": [401, 402]"#, #""eos_token_id": [401, 4020]"#, "eos_token_id", "4020"),
            (#""out_hidden_size": 96"#, #""out_hidden_size": 95"#, "out_hidden_size", "95"),
            (#""num_heads": 4"#, #""num_heads": 32"#, "num_heads", "heads of 2"),
            (#""image_size": 84"#, #""image_size": 85"#, "image_size", "85"),
        ])
    func refused(from: String, to: String, key: String, value: String) throws {
        let json = Forms.parameters.json
        try #require(json.contains(from))
        let error = try failure(GLM4VConfiguration.self, json.replacingOccurrences(of: from, with: to))
        #expect(error.contains(key) && error.contains(value), "\(error)")
    }

    @Test("the image processor is read from either of its files")
    func imageProcessor() throws {
        let older = #"""
            {"size": {"shortest_edge": 12544, "longest_edge": 9633792}, "do_rescale": true, "patch_size": 14, "temporal_patch_size": 2,
             "merge_size": 2, "image_mean": [0.5, 0.25, 0.125], "image_std": [1, 2, 3], "image_processor_type": "Glm4vImageProcessor"}
            """#
        for json in [older, "{\"image_processor\": \(older), \"processor_class\": \"Glm4vProcessor\"}"] {
            let processor = try decode(GLM4VImageProcessorConfiguration.self, json)
            #expect(try processor.sizeRule == ImageSizeRule(cellSide: 28, frames: 2, minPixels: 12_544, maxPixels: 9_633_792))
            #expect(processor.mean == [0.5, 0.25, 0.125] && processor.standardDeviation == [1, 2, 3] && processor.temporalPatchSize == 2)
        }
        #expect(try failure(GLM4VImageProcessorConfiguration.self, older.replacingOccurrences(of: "12544", with: "0")).contains("shortest_edge"))
        #expect(try failure(GLM4VImageProcessorConfiguration.self, older.replacingOccurrences(of: "12544", with: "9633793")).contains("size"))
        #expect(try failure(GLM4VImageProcessorConfiguration.self, older.replacingOccurrences(of: ": true", with: ": false")).contains("do_rescale"))
    }

    @Test("how tokens are drawn is read, one end token or a list of them")
    func generation() throws {
        let json = #"{"do_sample": true, "eos_token_id": [1, 2, 3], "temperature": 0.8, "top_k": 2, "top_p": 0.6}"#
        let values = try decode(GLM4VGenerationConfiguration.self, json)
        #expect(values.samples && values.temperature == 0.8 && values.topP == 0.6 && values.topK == 2 && values.repetitionPenalty == 1)
        #expect(values.endTokenIDs == [1, 2, 3])
        #expect(try decode(GLM4VGenerationConfiguration.self, #"{"eos_token_id": 7}"#).endTokenIDs == [7])
        #expect(try failure(GLM4VGenerationConfiguration.self, #"{"top_p": 1.5}"#).contains("top_p"))
    }

    private func decode<T: Decodable>(_ type: T.Type, _ json: String) throws -> T { try JSONDecoder().decode(type, from: Data(json.utf8)) }

    private func failure<T: Decodable>(_ type: T.Type, _ json: String) throws -> String {
        let error = #expect(throws: DecodingError.self) { try decode(type, json) }
        return error.map { "\($0)" } ?? ""
    }
}

struct Form: CustomTestStringConvertible {
    let testDescription: String
    let json: String
}

/// One model in the four forms of its `config.json`.
enum Forms {
    static let all = [scaling, parameters, both, topLevel]

    /// Keys of the text part that the last form must have.
    static let topLevelKeys = [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size", "rms_norm_eps",
        "max_position_embeddings", "rope_theta", "partial_rotary_factor", "mrope_section",
    ]

    static let scaling = Form(
        testDescription: "4.57",
        json: "{\(head), \"text_config\": {\(text), \"rope_scaling\": {\"rope_type\": \"default\", \(sections)}, \(rotation)}}")
    static let parameters = Form(
        testDescription: "5.x",
        json: "{\(head), \"text_config\": {\(text), \"rope_parameters\": {\"rope_type\": \"default\", \(sections), \(rotation)}}}")
    static let both = Form(
        testDescription: "4.5x, a fine-tune",
        json: #"""
            {\#(head), "hidden_size": 1, "rope_theta": 2.0, "eos_token_id": 3, "vocab_size": 4, "rope_scaling": null,
             "text_config": {\#(text), "rope_scaling": {"rope_type": "default", \#(sections)}, \#(rotation)}}
            """#)
    static let topLevel = Form(
        testDescription: "July 2025", json: "{\(head), \(text), \"rope_scaling\": {\"type\": \"default\", \(sections)}, \(rotation)}")

    private static let head = #"""
        "architectures": ["Glm4vForConditionalGeneration"], "model_type": "glm4v", "tie_word_embeddings": false,
        "image_token_id": 490, "image_start_token_id": 491, "image_end_token_id": 492, "video_token_id": 493,
        "vision_config": {"depth": 2, "hidden_size": 64, "num_heads": 4, "intermediate_size": 112, "out_hidden_size": 96, "image_size": 84,
          "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2, "in_channels": 3, "rms_norm_eps": 1e-05,
          "attention_bias": false}
        """#
    private static let text = #"""
        "vocab_size": 500, "hidden_size": 96, "intermediate_size": 160, "num_hidden_layers": 3, "num_attention_heads": 6,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-05, "max_position_embeddings": 640, "hidden_act": "silu", "eos_token_id": [401, 402],
        "attention_bias": true
        """#
    private static let sections = #""mrope_section": [1, 2, 1]"#
    private static let rotation = #""rope_theta": 500000.0, "partial_rotary_factor": 0.5"#
}
