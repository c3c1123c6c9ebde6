package import Checkpoint

/// How the model holds a tensor of the checkpoint.
package enum WeightForm: Sendable, Hashable {
    /// A matrix or a convolution. The CPU reads it where the file is mapped; an accelerator holds it in bf16 where the
    /// checkpoint does and bf16 is what it multiplies, else in f32; int8 stays int8.
    case placed
    /// The words of a matrix of int4, of which the CPU keeps a copy in bf16.
    case unpacked
    /// The same in another order, of which the CPU keeps a copy.
    case reordered
    /// A convolution over equal frames: a copy in f32 on the device, summed over them.
    case summed
    /// A copy in f32 on the device: vectors, and the quantizer's matrices, which no precision may round.
    case widened
    /// A copy in f32 in the host's memory, where it is read.
    case host
    /// Stored with every checkpoint, used by nothing; or read when the checkpoint is loaded, and not kept.
    case unused
}

extension CheckpointPart {
    /// - Parameter names: all tensors of the folder.
    package func form(of tensor: TensorEntry, among names: Set<String>) -> WeightForm {
        let name = tensor.name
        if let form = Self.quantizedForm(name, among: names) { return form }
        switch self {
        case .visionLanguageEncoder:
            if name.hasPrefix("model.vqmodel.post_quant_conv.") { return .unused }
            if name.hasPrefix("model.vqmodel.") { return .widened }
            if name.hasPrefix("model.visual.embeddings.position_embedding.") { return .host }
        case .answerModel:
            switch name {
            case "model.visual.embeddings.position_embedding.weight": return .host
            case "model.visual.patch_embed.proj.weight": return .summed
            case "model.visual.downsample.weight": return .reordered
            default: break
            }
        case .textEncoder:
            if name.hasSuffix(".relative_attention_bias.weight") { return .host }
            // The table of bytes is stored under its own name, under the encoder's, or under both.
            if name == Self.glyphTableDuplicate, names.contains(Self.glyphTable) { return .unused }
        case .transformer, .vae:
            break
        }
        return tensor.shape.count > 1 ? .placed : .widened
    }

    /// Of what a quantised matrix consists of beside its elements.
    private static func quantizedForm(_ name: String, among names: Set<String>) -> WeightForm? {
        guard let end = name.lastIndex(of: ".") else { return nil }
        let (layer, last) = (String(name[..<end]), name[end...])
        let (weight, int4) = ("\(layer).weight", Int4Weight.names(layer))
        if names.contains(weight) {
            if name == WeightMap.QuantizedNames.scale(of: weight) { return .widened }
            if name == WeightMap.QuantizedNames.offset(of: weight) { return .unused }
        } else if last != ".weight", names.contains(int4.words) {
            if name == int4.words { return .unpacked }
            if name == int4.scales || name == int4.zeros { return .unused }
        }
        return nil
    }

    /// The names under which `text_encoder` stores its embedding; where both are there they are one tensor.
    package static let glyphTable = "shared.weight"
    package static let glyphTableDuplicate = "encoder.embed_tokens.weight"
}
