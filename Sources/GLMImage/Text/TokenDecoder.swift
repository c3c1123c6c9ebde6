import ModelConfiguration
import Checkpoint
import Tensor

/// The autoregressive decoder with its vision head: token ids in, logits over visual ids out.
///
/// Reference: transformers 5.23 `GlmImageTextModel` and `lm_head`.
package struct TokenDecoder {
    let configuration: TextConfiguration
    let device: any Device
    let rotary: MultimodalRotary
    private let embedding: Tensor  // [vocabulary, hidden]           embed_tokens
    private let layers: [DecoderLayer]
    private let norm: RMSNorm
    private let head: Tensor  // [visionVocabulary, hidden]     lm_head

    init(_ weights: WeightScope, _ configuration: TextConfiguration) throws {
        self.configuration = configuration
        device = weights.device
        let model = weights.scope("model.language_model")
        embedding = try model.matrix("embed_tokens.weight", configuration.vocabularySize, configuration.hiddenSize)
        layers = try (0..<configuration.layers).map { try DecoderLayer(model.scope("layers.\($0)"), configuration) }
        norm = try RMSNorm(model.scope("norm"), configuration.hiddenSize, epsilon: configuration.normEpsilon)
        head = try weights.matrix("lm_head.weight", configuration.visionVocabularySize, configuration.hiddenSize)
        rotary = MultimodalRotary(configuration)
    }

    /// Keys and values of one token in all layers.
    package var cacheBytesPerToken: Int {
        TextFootprint(configuration, elementBytes: device.cacheType.byteCount).bytesPerToken
    }

    /// The ids' embeddings, into `workspace.x [ids, hidden]`.
    func embed(_ ids: [Int32], _ workspace: DecoderWorkspace) { device.embed(ids, table: embedding, into: workspace.x) }

    /// The same for ids that are on the device, i32 `[ids]`.
    func embed(_ ids: Tensor, _ workspace: DecoderWorkspace) { device.embed(ids, table: embedding, into: workspace.x) }

    /// Runs the embeddings `workspace.x [rows, hidden]` at `positions` through the layers, in place.
    /// - Parameter beforeLayer: what it throws ends the work; keys and values of the rows are then undefined.
    func run(
        at positions: [RasterPosition], _ pass: DecoderPass, pool: KeyValuePool, _ workspace: DecoderWorkspace, beforeLayer: () throws -> Void
    ) throws {
        rotary.fill(workspace.rotary, positions, on: device)
        for (index, layer) in layers.enumerated() {
            try beforeLayer()
            layer(workspace, pass, keys: pool.keys[index], values: pool.values[index], on: device)
        }
    }

    /// The logits `[rows, visionVocabulary]` of hidden states, whose norm goes to `normed`.
    func logits(_ x: Tensor, normed: Tensor, into logits: Tensor) {
        norm(x, into: normed)
        device.linear(normed, head, bias: nil, .store(.identity), into: logits)
    }
}
