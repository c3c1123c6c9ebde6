package import ModelConfiguration
import Checkpoint
import Domain
import Layers
package import Tensor
package import Tokenizing

/// Encodes the strings that a picture shall show, byte by byte, for the diffusion transformer.
///
/// Reference: transformers 5.23 `T5EncoderModel` as diffusers 0.42.1 `GlmImagePipeline._get_glyph_embeds` calls it.
/// The pipeline pads strings to one length and masks the padding, which equals encoding each alone at its own length.
package struct GlyphEncoder {
    package let configuration: GlyphConfiguration
    private let device: any Device
    private let embedding: Tensor  // [vocabulary, hidden]
    private let blocks: [GlyphBlock]
    private let finalNorm: RMSNorm
    private let relativeBias: [Float]  // [buckets, heads], shared by all blocks
    private let tokens: GlyphTokens

    init(_ model: ModelFolder, on device: any Device) throws {
        configuration = try GlyphConfiguration.load(model)
        tokens = try GlyphTokens(folder: model.component("tokenizer"))
        self.device = device
        let map = try model.weights("text_encoder")
        let weights = WeightScope(map: map, device: device)
        let names = [CheckpointPart.glyphTable, CheckpointPart.glyphTableDuplicate]
        let name = names.first(where: map.contains) ?? names[0]
        embedding = try weights.table(name, configuration.vocabularySize, configuration.hiddenSize)
        for other in names where other != name { map.ignore(prefix: other) }
        let encoder = weights.scope("encoder")
        blocks = try (0..<configuration.layers).map { [configuration] in try GlyphBlock(encoder.scope("block.\($0)"), configuration) }
        finalNorm = try RMSNorm(encoder.scope("final_layer_norm"), configuration.hiddenSize, epsilon: configuration.normEpsilon)
        relativeBias = try map.take(
            "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", Shape(configuration.buckets, configuration.heads)
        ).hostFloats()
        try map.finish()
    }

    /// The embeddings of a prompt's quoted strings, or of one empty string: `[tokens, hidden]`, activations, padding removed.
    package func encode(_ strings: [String]) throws -> Tensor { try encode(batch(strings)) }

    /// The byte ids of a prompt's quoted strings, or of one empty string, padded as the pipeline pads them.
    package func batch(_ strings: [String]) -> GlyphBatch {
        GlyphText.encode(strings.isEmpty ? [""] : strings, maximumLength: GlyphConfiguration.maximumLength, tokens: tokens)
    }

    /// Embeddings of every position whose mask is 1, string after string.
    package func encode(_ batch: GlyphBatch) throws -> Tensor {
        let strings = zip(batch.ids, batch.mask).map { ids, mask in zip(ids, mask).compactMap { $1 == 1 ? $0 : nil } }
        for id in strings.joined() where id < 0 || id >= configuration.vocabularySize {
            throw GLMImageError(.unsupportedModel, "text_encoder: byte id \(id) is outside vocab_size \(configuration.vocabularySize)")
        }
        let result = device.makeTensor(Shape(strings.reduce(0) { $0 + $1.count }, configuration.hiddenSize), activationType)
        var start = 0
        for ids in strings {
            encode(ids, into: result.rows(start..<start + ids.count))
            start += ids.count
        }
        return result
    }

    private var activationType: DType { device.activationType(beside: embedding) }

    private func encode(_ ids: [Int32], into result: Tensor) {
        let workspace = GlyphWorkspace(rows: ids.count, configuration, activationType, on: device)
        let attention = Attention(
            heads: configuration.heads, keyValueHeads: configuration.heads, headSize: configuration.headSize, scale: 1,
            relativeBias: bias(length: ids.count))
        device.embed(ids, table: embedding, into: workspace.x)
        for block in blocks { block(workspace, attention, on: device) }
        finalNorm(workspace.x, into: result)
    }

    /// `[heads, 2 · length − 1]`: the bias of key j for query i stands at column j − i + length − 1.
    private func bias(length: Int) -> Tensor {
        let columns = 2 * length - 1
        let buckets = RelativeBuckets(count: configuration.buckets, maximumDistance: configuration.maximumDistance)
        var values = [Float](repeating: 0, count: configuration.heads * columns)
        for column in 0..<columns {
            let bucket = buckets.bucket(distance: column - (length - 1))
            for head in 0..<configuration.heads {
                values[head * columns + column] = relativeBias[bucket * configuration.heads + head]
            }
        }
        return device.makeTensor(values, Shape(configuration.heads, columns))
    }
}
