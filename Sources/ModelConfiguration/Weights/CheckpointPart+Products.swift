package import Checkpoint

// Which weights are quantised: those of the products of layers that are there many times, where the bytes and the time are. What all
// published recipes leave as it is stays: norms, embeddings, heads, modulation (adaLN), projectors and mergers, output layers, the glyph
// encoder, the VAE.

extension CheckpointPart {
    /// Whether `glm quantize` makes int8 of a tensor.
    package func isQuantizable(_ tensor: TensorEntry) -> Bool {
        tensor.shape.count == 2 && tensor.name.hasSuffix(".weight")
            && products.contains { products in
                guard tensor.name.hasPrefix(products.layers) else { return false }
                let place = tensor.name.dropFirst(products.layers.count).dropLast(".weight".count).split(separator: ".", maxSplits: 1)
                return place.count == 2 && Int(place[0]) != nil && products.names.contains(String(place[1]))
            }
    }

    /// Whether any tensor of the folder is.
    package var hasQuantizableProducts: Bool { !products.isEmpty }

    /// How the names of numbered layers begin, and the products in each.
    private var products: [(layers: String, names: Set<String>)] {
        let decoder: (String, Set<String>) = (
            "model.language_model.layers.",
            [
                "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_up_proj", "mlp.down_proj",
            ]
        )
        switch self {
        case .visionLanguageEncoder: return [decoder, ("model.visual.blocks.", ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"])]
        case .answerModel:
            return [decoder, ("model.visual.blocks.", ["attn.qkv", "attn.proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"])]
        case .transformer:
            return [("transformer_blocks.", ["attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0", "ff.net.0.proj", "ff.net.2"])]
        case .textEncoder, .vae: return []
        }
    }
}
