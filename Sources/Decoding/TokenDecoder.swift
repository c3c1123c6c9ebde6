package import Layers
package import Tensor

/// An autoregressive decoder with its head: token ids in, logits out.
///
/// Reference: transformers 5.23 `GlmImageTextModel` and `Glm4vTextModel`, with `lm_head`.
package struct TokenDecoder {
    package let configuration: DecoderConfiguration
    package let device: any Device
    private let rotary: MultimodalRotary
    private let embedding: Tensor  // [vocabulary, hidden]   embed_tokens
    private let layers: [DecoderLayer]
    private let norm: RMSNorm
    private let head: Linear  // [output, hidden], no bias

    /// - Parameters:
    ///   - weights: the scope that holds `embed_tokens`, `layers` and `norm`.
    ///   - head: `[output, hidden]`, no bias.
    package init(_ weights: WeightScope, head: Linear, _ configuration: DecoderConfiguration) throws {
        self.configuration = configuration
        self.head = head
        device = weights.device
        embedding = try weights.table("embed_tokens.weight", configuration.vocabularySize, configuration.hiddenSize)
        layers = try (0..<configuration.layers).map { try DecoderLayer(weights.scope("layers.\($0)"), configuration) }
        norm = try RMSNorm(weights.scope("norm"), configuration.hiddenSize, epsilon: configuration.normEpsilon)
        rotary = MultimodalRotary(configuration.rotary)
    }

    /// The element type of what passes between its operations.
    var activationType: DType { device.activationType(beside: embedding) }

    /// Bytes of the keys and values of one token in all layers.
    package var cacheBytesPerToken: Int { 2 * configuration.layers * configuration.keyValueSize * device.cacheType.byteCount }

    /// Writes the embeddings of the ids to `x [ids, hidden]`.
    func embed(_ ids: [Int32], into x: Tensor) { device.embed(ids, table: embedding, into: x) }

    /// The same for ids that are on the device, i32 `[ids]`.
    func embed(_ ids: Tensor, into x: Tensor) { device.embed(ids, table: embedding, into: x) }

    /// Writes the positions of the rows that ``run(_:pool:_:checkCancellation:)`` computes next.
    func place(at positions: [RotaryPosition], _ workspace: DecoderWorkspace) { rotary.fill(workspace.rotary, positions, on: device) }

    /// Runs the embeddings `workspace.x [rows, hidden]` at their positions through the layers, in place; `workspace.normed` holds the last
    /// norm of the result.
    /// - Parameter checkCancellation: called before each layer. What it throws ends the work; the keys and values of the rows are then
    ///   undefined.
    func run(_ pass: DecoderPass, pool: KVPool, _ workspace: DecoderWorkspace, checkCancellation: () throws -> Void) rethrows {
        (layers.first?.inputNorm ?? norm)(workspace.x, into: workspace.normed)
        for (index, layer) in layers.enumerated() {
            try checkCancellation()
            let next = index + 1 < layers.count ? layers[index + 1].inputNorm : norm
            layer(workspace, pass, keys: pool.keys[index], values: pool.values[index], then: next, on: device)
        }
    }

    /// Writes the logits `[rows, output]` of rows that ``run(at:_:pool:_:checkCancellation:)`` left in `workspace.normed`.
    func logits(_ normed: Tensor, into logits: Tensor) { head(normed, into: logits) }
}
