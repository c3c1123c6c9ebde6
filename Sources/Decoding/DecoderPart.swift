package import Layers
import ModelConfiguration
package import Tensor

/// What one rank has of an autoregressive decoder: all of it where there is one. Behind each layer every rank has the same rows.
package struct DecoderPart {
    /// Of the part: its heads, its columns of the MLP.
    let configuration: DecoderConfiguration
    let device: any Device
    /// Nil where there is one rank.
    let communicator: (any Communicator)?
    private let rotary: MultimodalRotary
    private let embedding: Tensor  // [vocabulary, hidden]   embed_tokens
    private let layers: [DecoderLayer]
    private let norm: RMSNorm
    private let head: Linear?  // [output, hidden], no bias; of the first rank

    /// - Parameters:
    ///   - weights: the scope that holds `embed_tokens`, `layers` and `norm`, on the rank's device.
    ///   - head: `[output, hidden]`, no bias; nil: another rank's.
    ///   - configuration: of the whole decoder, which the ranks can divide.
    package init(
        _ weights: WeightScope, head: Linear?, _ configuration: DecoderConfiguration, _ communicator: (any Communicator)? = nil
    ) throws {
        let share = DecoderShare(configuration, ranks: communicator?.size ?? 1)
        self.configuration = configuration.part(share)
        self.communicator = communicator
        self.head = head
        device = weights.device
        embedding = try weights.table("embed_tokens.weight", configuration.vocabularySize, configuration.hiddenSize)
        layers = try (0..<configuration.layers).map {
            try DecoderLayer(weights.scope("layers.\($0)"), configuration, share, communicator)
        }
        norm = try RMSNorm(weights.scope("norm"), configuration.hiddenSize, epsilon: configuration.normEpsilon)
        rotary = MultimodalRotary(configuration.rotary)
    }

    /// The element type of what passes between its operations.
    var activationType: DType { device.activationType(beside: embedding) }

    /// Bytes of the keys and values of one token in all layers.
    var cacheBytesPerToken: Int { 2 * configuration.layers * configuration.keyValueSize * device.cacheType.byteCount }

    /// Writes the embeddings of the ids to `x [ids, hidden]`.
    func embed(_ ids: [Int32], into x: Tensor) { device.embed(ids, table: embedding, into: x) }

    /// The same for ids that are on the device, i32 `[ids]`.
    func embed(_ ids: Tensor, into x: Tensor) { device.embed(ids, table: embedding, into: x) }

    /// Writes the positions of the rows that ``run(_:_:_:checkCancellation:)`` computes next.
    func place(at positions: [RotaryPosition], _ workspace: DecoderWorkspace) { rotary.fill(workspace.rotary, positions, on: device) }

    /// Runs the embeddings `workspace.x [rows, hidden]` at their positions through the layers, in place; `workspace.normed` holds the last
    /// norm of the result.
    /// - Parameter checkCancellation: called before each layer. What it throws ends the work; the keys and values of the rows are then
    ///   undefined.
    func run(_ pass: DecoderPass, _ memory: KVMemory, _ workspace: DecoderWorkspace, checkCancellation: () throws -> Void) rethrows {
        (layers.first?.inputNorm ?? norm)(workspace.x, into: workspace.normed)
        for (index, layer) in layers.enumerated() {
            try checkCancellation()
            let next = index + 1 < layers.count ? layers[index + 1].inputNorm : norm
            layer(workspace, pass, keys: memory.keys[index], values: memory.values[index], then: next, on: device)
        }
    }

    /// Writes the logits `[rows, output]` of rows that ``run(_:_:_:checkCancellation:)`` left in `workspace.normed`. Of the first rank alone.
    func logits(_ normed: Tensor, into logits: Tensor) { head?(normed, into: logits) }
}
