import Checkpoint
import Foundation
import TestSupport

/// A question model with random weights, which says anything: small enough to be made for each test.
enum RandomModel {
    static let hidden = 32, vocabulary = 320, maximumPositions = 2048
    private static let inner = 48, layers = 2, heads = 4, keyValueHeads = 2

    /// - Parameters:
    ///   - configure: changes config.json, and adds to generation_config.json.
    ///   - body: gets the folder, which is removed afterwards.
    static func with<Result>(
        _ model: TokenizerFiles.Model = .glm46V, flagged: Bool = false, more: [String] = [], gap: Int = 0,
        configure: (inout [String: Any], inout [String: Any]) -> Void = { _, _ in }, _ body: (ModelFolder) throws -> Result
    ) throws -> Result {
        try withFolder { folder in
            try TokenizerFiles.write(model, flagged: flagged, more: more, gap: gap, to: folder)
            let tokens = TokenizerFiles.marks(model)
            func id(_ token: String) -> Int { 256 + (tokens.firstIndex(of: token) ?? -1000) }
            var text: [String: Any] = [
                "vocab_size": vocabulary, "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": layers,
                "num_attention_heads": heads, "num_key_value_heads": keyValueHeads, "max_position_embeddings": maximumPositions,
                "eos_token_id": [id("<|endoftext|>"), id("<|user|>"), id("<|observation|>")],
            ]
            text["rope_parameters"] = ["rope_type": "default", "rope_theta": 100.0, "partial_rotary_factor": 0.5, "mrope_section": [1, 1, 0]]
            var configuration: [String: Any] = [
                "model_type": "glm4v", "architectures": ["Glm4vForConditionalGeneration"], "text_config": text, "image_token_id": id("<|image|>"),
                "image_start_token_id": id("<|begin_of_image|>"), "image_end_token_id": id("<|end_of_image|>"),
                "vision_config": ["hidden_size": 16, "num_heads": 2, "out_hidden_size": hidden] as [String: Any],
            ]
            var generation: [String: Any] = ["do_sample": true, "temperature": 1.0, "top_p": 1.0, "top_k": 0]
            configure(&configuration, &generation)
            try JSONSerialization.data(withJSONObject: configuration).write(to: folder.appending(path: "config.json"))
            try JSONSerialization.data(withJSONObject: generation).write(to: folder.appending(path: "generation_config.json"))
            try weights().write(to: folder.appending(path: "model.safetensors"))
            return try body(try ModelFolder(folder))
        }
    }

    /// model.safetensors: all tensors of the text part, and one of the vision part, which the text stage leaves alone.
    private static func weights() -> Data {
        let head = hidden / heads
        var shapes: [String: [Int]] = [
            "model.language_model.embed_tokens.weight": [vocabulary, hidden], "model.language_model.norm.weight": [hidden],
            "lm_head.weight": [vocabulary, hidden], "model.visual.patch_embed.proj.bias": [16],
        ]
        for layer in 0..<layers {
            let scope = "model.language_model.layers.\(layer)."
            for norm in ["input_layernorm", "post_self_attn_layernorm", "post_attention_layernorm", "post_mlp_layernorm"] {
                shapes[scope + norm + ".weight"] = [hidden]
            }
            for (name, rows) in [("q_proj", heads * head), ("k_proj", keyValueHeads * head), ("v_proj", keyValueHeads * head)] {
                shapes["\(scope)self_attn.\(name).weight"] = [rows, hidden]
                shapes["\(scope)self_attn.\(name).bias"] = [rows]
            }
            shapes[scope + "self_attn.o_proj.weight"] = [hidden, heads * head]
            shapes[scope + "mlp.gate_up_proj.weight"] = [2 * inner, hidden]
            shapes[scope + "mlp.down_proj.weight"] = [hidden, inner]
        }
        var random = SeededRandom("weights", seed: 1)
        var header: [String: Any] = [:]
        var data = Data()
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let count = shape.reduce(1, *)
            // Norms about 1; matrices that keep the size of what they multiply; a head that is sure enough of what it says.
            let isNorm = shape.count == 1 && !name.hasSuffix(".bias")
            let scale = name.hasPrefix("lm_head") ? 0.5 : name.contains("embed") ? 1 : Float(3 / Float(shape.last ?? 1)).squareRoot()
            let values = (0..<count).map { _ in (isNorm ? 1 : 0) + (isNorm ? 0.2 : scale) * Float.random(in: -1...1, using: &random) }
            header[name] = ["dtype": "F32", "shape": shape, "data_offsets": [data.count, data.count + 4 * count]] as [String: Any]
            data += values.withUnsafeBytes { Data($0) }
        }
        var json = (try? JSONSerialization.data(withJSONObject: header)) ?? Data()
        json += Data(repeating: 0x20, count: (8 - json.count % 8) % 8)
        return safetensorsHead(json) + data
    }
}
