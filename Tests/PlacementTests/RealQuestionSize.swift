import Foundation
import TestSupport

/// A checkpoint with GLM-4.1V-9B-Thinking's configuration, every tensor of it by name and shape in bf16, in four shards as it is
/// published, and holes for values. `chat_template.jinja` and the tokenizer are left out: what a stage reads of them has no size that
/// counts.
enum RealQuestionSize {
    /// Parameters: 1.785 GB, and 17.56 GB of the decoder with 1.24 GB of its head.
    static let vision = 892_498_432
    static let text = 9_400_279_040

    static let folder: URL = {
        let folder = FileManager.default.temporaryDirectory.appending(path: "glm-placement-question-size-\(getpid())", directoryHint: .isDirectory)
        do { try write(folder) } catch { fatalError("\(error)") }
        atexit { try? FileManager.default.removeItem(at: RealQuestionSize.folder) }
        return folder
    }()

    private static func write(_ folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(configuration.utf8).write(to: folder.appending(path: "config.json"))
        try Data(#"{"size": {"shortest_edge": 12544, "longest_edge": 9633792}, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}"#.utf8)
            .write(to: folder.appending(path: "preprocessor_config.json"))
        let all = tensors.sorted { $0.name < $1.name }
        var map: [String: String] = [:]
        for shard in 0..<4 {
            let name = "model-0000\(shard + 1)-of-00004.safetensors"
            let part = all[all.count * shard / 4..<all.count * (shard + 1) / 4]
            for tensor in part { map[tensor.name] = name }
            try hole(folder.appending(path: name), Array(part))
        }
        let index = try JSONSerialization.data(withJSONObject: ["metadata": ["total_size": 0], "weight_map": map])
        try index.write(to: folder.appending(path: "model.safetensors.index.json"))
    }

    private static let configuration = """
        {"architectures": ["Glm4vForConditionalGeneration"], "model_type": "glm4v", "image_token_id": 151343, "image_start_token_id": 151339,
         "image_end_token_id": 151340, "tie_word_embeddings": false,
         "text_config": {"vocab_size": 151552, "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 40,
          "num_attention_heads": 32, "num_key_value_heads": 2, "rms_norm_eps": 1e-05, "max_position_embeddings": 65536, "hidden_act": "silu",
          "rope_scaling": {"rope_type": "default", "mrope_section": [8, 12, 12]}, "rope_theta": 10000.0, "partial_rotary_factor": 0.5,
          "eos_token_id": [151329, 151336, 151338, 151348]},
         "vision_config": {"depth": 24, "hidden_size": 1536, "intermediate_size": 13696, "out_hidden_size": 4096, "num_heads": 12,
          "image_size": 336, "patch_size": 14, "temporal_patch_size": 2, "spatial_merge_size": 2, "hidden_act": "silu"}}
        """

    private typealias Named = (name: String, shape: [Int])

    private static var tensors: [Named] {
        func named(_ prefix: String, _ shapes: [(String, [Int])]) -> [Named] { shapes.map { (prefix + $0.0, $0.1) } }
        let (hidden, out, inner) = (1536, 4096, 13_696)
        var all = named(
            "model.visual.",
            [
                ("patch_embed.proj.weight", [hidden, 3, 2, 14, 14]), ("patch_embed.proj.bias", [hidden]), ("post_conv_layernorm.weight", [hidden]),
                ("embeddings.position_embedding.weight", [576, hidden]), ("post_layernorm.weight", [hidden]),
                ("downsample.weight", [out, hidden, 2, 2]), ("downsample.bias", [out]), ("merger.proj.weight", [out, out]),
                ("merger.post_projection_norm.weight", [out]), ("merger.post_projection_norm.bias", [out]),
                ("merger.gate_proj.weight", [inner, out]), ("merger.up_proj.weight", [inner, out]), ("merger.down_proj.weight", [out, inner]),
            ])
        for block in 0..<24 {
            all += named(
                "model.visual.blocks.\(block).",
                [
                    ("norm1.weight", [hidden]), ("norm2.weight", [hidden]), ("attn.qkv.weight", [3 * hidden, hidden]),
                    ("attn.proj.weight", [hidden, hidden]), ("mlp.gate_proj.weight", [out, hidden]), ("mlp.up_proj.weight", [out, hidden]),
                    ("mlp.down_proj.weight", [hidden, out]),
                ])
        }
        all += [
            ("model.language_model.embed_tokens.weight", [151_552, 4096]), ("model.language_model.norm.weight", [4096]),
            ("lm_head.weight", [151_552, 4096]),
        ]
        for layer in 0..<40 {
            all += named(
                "model.language_model.layers.\(layer).",
                [
                    ("input_layernorm.weight", [4096]), ("post_self_attn_layernorm.weight", [4096]), ("post_attention_layernorm.weight", [4096]),
                    ("post_mlp_layernorm.weight", [4096]), ("self_attn.q_proj.weight", [4096, 4096]), ("self_attn.q_proj.bias", [4096]),
                    ("self_attn.k_proj.weight", [256, 4096]), ("self_attn.k_proj.bias", [256]), ("self_attn.v_proj.weight", [256, 4096]),
                    ("self_attn.v_proj.bias", [256]), ("self_attn.o_proj.weight", [4096, 4096]), ("mlp.gate_up_proj.weight", [2 * inner, 4096]),
                    ("mlp.down_proj.weight", [4096, inner]),
                ])
        }
        return all
    }

    private static func hole(_ url: URL, _ tensors: [Named]) throws {
        var entries: [String] = []
        var position = 0
        for tensor in tensors {
            let end = position + 2 * tensor.shape.reduce(1, *)
            entries.append("\"\(tensor.name)\":{\"dtype\":\"BF16\",\"shape\":\(tensor.shape),\"data_offsets\":[\(position),\(end)]}")
            position = end
        }
        let header = "{\(entries.joined(separator: ","))}"
        try safetensorsHead(Data(header.utf8)).write(to: url)
        let file = try FileHandle(forWritingTo: url)
        defer { try? file.close() }
        try file.truncate(atOffset: UInt64(8 + header.utf8.count + position))
    }
}
