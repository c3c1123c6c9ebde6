import Foundation
import TestSupport

/// A checkpoint with the published GLM-Image's configurations and counts of parameters, and nothing but holes for weights:
/// each part of the model is one tensor, since placement adds them up; of the decoder what ranks divide is one, and what they divide by heads of keys.
enum RealSize {
    static let tower = 1_159_607_808
    static let quantizer = 39_849_472
    static let head = 67_633_152
    /// Products of queries and of attention's output and of the MLP; those of keys and values.
    static let divided = 8_074_035_200, keyValues = 83_886_080
    static let text = 8_847_155_200 + head
    /// In all, and the products of its blocks.
    static let transformer = 6_926_882_880, blocks = 6_039_797_760
    static let diffusion = transformer + 217_660_000 + 406_100_643

    /// Made once: a system takes its time to map so large a hole for the first time.
    static let folder: URL = {
        let folder = make("BF16")
        atexit { try? FileManager.default.removeItem(at: RealSize.folder) }
        return folder
    }()

    /// The same with the decoder's and the transformer's weights in int8.
    static let int8: URL = {
        let folder = make("I8")
        atexit { try? FileManager.default.removeItem(at: RealSize.int8) }
        return folder
    }()

    private static func make(_ type: String) -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "glm-placement-real-size-\(type)-\(getpid())", directoryHint: .isDirectory)
        do { try write(folder, type) } catch { fatalError("\(error)") }
        return folder
    }

    /// - Parameter type: of the decoder's and the transformer's weights.
    private static func write(_ folder: URL, _ type: String) throws {
        try FileManager.default.copyItem(at: tiny, to: folder)
        try edit(folder.appending(path: "vision_language_encoder/config.json")) { values in
            values["text_config"] = [
                "num_hidden_layers": 40, "hidden_size": 4096, "intermediate_size": 13_696, "num_attention_heads": 32, "num_key_value_heads": 2,
                "vision_vocab_size": 16_512,
                "rope_parameters": ["rope_theta": 10_000, "rope_type": "default", "mrope_section": [8, 12, 12], "partial_rotary_factor": 0.5],
            ]
            values["vision_config"] = ["depth": 40, "hidden_size": 1536, "intermediate_size": 6144, "image_size": 2048, "patch_size": 16]
            values["vq_config"] = ["num_embeddings": 16_384, "embed_dim": 2048, "latent_channels": 1536]
        }
        try edit(folder.appending(path: "transformer/config.json")) { values in
            values["num_layers"] = 30
            values["num_attention_heads"] = 32
            values["attention_head_dim"] = 128
            values["text_embed_dim"] = 1472
            values["time_embed_dim"] = 512
            values["prior_vq_quantizer_codebook_size"] = 16_384
        }
        try edit(folder.appending(path: "vae/config.json")) { values in
            values["block_out_channels"] = [128, 512, 1024, 1024]
            values["norm_num_groups"] = 32
            for key in ["mid_block_add_attention", "use_quant_conv", "use_post_quant_conv"] { values[key] = false }
        }
        try edit(folder.appending(path: "text_encoder/config.json")) { values in
            for (key, value) in ["d_model": 1472, "d_ff": 3584, "d_kv": 64, "num_heads": 6, "num_layers": 12] { values[key] = value }
        }
        try weights(
            folder, "vision_language_encoder/model",
            [
                "model.visual.weight": 1_159_607_808, "model.vqmodel.weight": 39_849_472, "lm_head.weight": head,
                "model.language_model.weight": text - head - divided - keyValues,
                "model.language_model.layers.0.mlp.down_proj.weight": divided,
                "model.language_model.layers.0.self_attn.k_proj.weight": keyValues,
            ],
            types: [
                "model.language_model.layers.0.mlp.down_proj.weight": type, "model.language_model.layers.0.self_attn.k_proj.weight": type,
            ])
        let product = "transformer_blocks.0.ff.net.2.weight"
        try weights(
            folder, "transformer/diffusion_pytorch_model", ["weight": transformer - blocks, product: blocks],
            types: ["weight": type, product: type])
        try weights(folder, "text_encoder/model", ["weight": 217_660_000])
        try weights(folder, "vae/diffusion_pytorch_model", ["weight": 406_100_643])
    }

    private static func edit(_ url: URL, _ change: (inout [String: Any]) -> Void) throws {
        var values = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as! [String: Any]
        change(&values)
        try JSONSerialization.data(withJSONObject: values).write(to: url)
    }

    /// A safetensors file of matrices of one row, its data a hole.
    /// - Parameter types: of those that are not in bf16.
    private static func weights(_ folder: URL, _ stem: String, _ tensors: [String: Int], types: [String: String] = [:]) throws {
        var entries: [String] = []
        var position = 0
        for (name, count) in tensors.sorted(by: { $0.key < $1.key }) {
            let type = types[name] ?? "BF16", end = position + (type == "I8" ? 1 : 2) * count
            entries.append("\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":[1,\(count)],\"data_offsets\":[\(position),\(end)]}")
            position = end
        }
        let header = "{\(entries.joined(separator: ","))}"
        let bytes = safetensorsHead(Data(header.utf8))
        let url = folder.appending(path: "\(stem).safetensors")
        try bytes.write(to: url)
        let file = try FileHandle(forWritingTo: url)
        defer { try? file.close() }
        try file.truncate(atOffset: UInt64(bytes.count + position))
    }
}
