import Checkpoint
import Tensor

/// The autoregressive decoder with its vision head: token ids in, logits over visual ids out.
///
/// Reference: transformers 5.23 `GlmImageTextModel` and `lm_head`.
package struct TokenDecoder {
    let configuration: TextConfiguration
    private let device: any Device
    private let embedding: Tensor       // [vocabulary, hidden]           embed_tokens
    private let layers: [DecoderLayer]
    private let norm: RMSNorm
    private let head: Tensor            // [visionVocabulary, hidden]     lm_head
    private let rotary: MultimodalRotary

    /// Rows of a prompt computed at once: bounds the workspace, costs nothing in speed.
    private static let chunk = 512

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

    /// A sequence in progress: its keys and values so far, and the memory to extend it.
    package final class Sequence {
        fileprivate let keys, values: [Tensor]          // per layer [capacity, keyValueHeads · headSize]
        fileprivate let workspace: DecoderWorkspace
        fileprivate let lastRow: Tensor                 // [1, hidden]
        fileprivate let logits: Tensor                  // [1, visionVocabulary]
        fileprivate(set) package var count = 0
        fileprivate let rotary: RotaryTable             // [positions, pairs]

        fileprivate init(_ decoder: TokenDecoder, positions: [RasterPosition], rows: Int) {
            let configuration = decoder.configuration
            let device = decoder.device
            let shape = Shape(positions.count, configuration.keyValueHeads * configuration.headSize)
            keys = (0..<configuration.layers).map { _ in device.makeTensor(shape, .f32) }
            values = (0..<configuration.layers).map { _ in device.makeTensor(shape, .f32) }
            workspace = DecoderWorkspace(rows: rows, configuration, on: device)
            lastRow = device.makeTensor(Shape(1, configuration.hiddenSize), .f32)
            logits = device.makeTensor(Shape(1, configuration.visionVocabularySize), .f32)
            rotary = decoder.rotary.table(positions, on: device)
        }
    }

    /// A sequence with room for `positions.count` tokens, the first `promptCount` of them computed together.
    package func makeSequence(positions: [RasterPosition], promptCount: Int) -> Sequence {
        Sequence(self, positions: positions, rows: max(1, min(promptCount, TokenDecoder.chunk)))
    }

    /// Appends `ids` and returns the logits that follow the last of them, into `logits [visionVocabulary]`.
    package func extend(_ sequence: Sequence, by ids: [Int32], logits: UnsafeMutableBufferPointer<Float>, checkCancellation: () throws -> Void) throws {
        try run(sequence, ids, checkCancellation: checkCancellation) { x, range in
            guard range.upperBound == ids.count else { return }
            norm(x.rows(range.count - 1..<range.count), into: sequence.lastRow)
            device.linear(sequence.lastRow, head, bias: nil, .store(.identity), into: sequence.logits)
        }
        try device.read(sequence.logits, into: UnsafeMutableRawBufferPointer(logits))
    }

    /// Appends `ids` and returns the logits after each of them, `[ids, visionVocabulary]`.
    package func allLogits(_ sequence: Sequence, _ ids: [Int32]) throws -> [Float] {
        let result = device.makeTensor(Shape(ids.count, configuration.visionVocabularySize), .f32)
        try run(sequence, ids, checkCancellation: {}) { x, range in
            norm(x, into: sequence.workspace.normed.prefix(x.shape))
            device.linear(sequence.workspace.normed.prefix(x.shape), head, bias: nil, .store(.identity), into: result.rows(range))
        }
        return try device.floats(result)
    }

    /// Runs `ids` through the layers chunk by chunk; `consume` sees each chunk's last hidden state and its range of `ids`.
    private func run(
        _ sequence: Sequence, _ ids: [Int32], checkCancellation: () throws -> Void, consume: (Tensor, Range<Int>) throws -> Void
    ) throws {
        var start = 0
        while start < ids.count {
            let range = start..<min(start + sequence.workspace.x.rows, ids.count)
            let workspace = range.count == sequence.workspace.x.rows ? sequence.workspace : sequence.workspace.prefix(rows: range.count)
            let rotary = sequence.rotary.rows(sequence.count..<sequence.count + range.count)
            device.embed(range.count == ids.count ? ids : Array(ids[range]), table: embedding, into: workspace.x)
            for (index, layer) in layers.enumerated() {
                try checkCancellation()
                layer(
                    workspace, keys: sequence.keys[index], values: sequence.values[index], past: sequence.count, rotary: rotary, on: device)
            }
            sequence.count += range.count
            try consume(workspace.x, range)
            start = range.upperBound
        }
    }
}
