import ModelConfiguration
import Tensor

/// What one rank keeps for a batch, and computes of its passes.
final class SequenceBatchPart {
    private let decoder: DecoderPart
    private let memory: KVMemory
    private let workspace: DecoderWorkspace
    private let inputs: DecodeInputs
    private var recordings = RecordedSteps<StepKey>()
    /// The keys and values of one layer of the sequence in prefill, in order; as long as the longest prompt so far.
    private var past: (keys: Tensor, values: Tensor)

    /// - Parameters:
    ///   - size: the most rows of a step.
    ///   - memory: of the rank.
    init(_ decoder: DecoderPart, size: Int, pages: Int, _ memory: KVMemory) {
        self.decoder = decoder
        self.memory = memory
        workspace = DecoderWorkspace(rows: max(DecoderSizes.prefillChunk, size), decoder)
        inputs = DecodeInputs(rows: size, pages: pages, on: decoder.device)
        past = Self.makePast(rows: DecoderSizes.prefillChunk, decoder)
    }

    /// What the last pass wrote, and for a prefill's cancellation check what its next layer reads: the residual stream of the first rows.
    func hidden(rows: Int) -> Tensor { workspace.prefix(rows: rows).x }
    /// The last norm of the rows of the last pass, which are the first.
    var normed: Tensor { workspace.normed }

    /// Makes room for a prompt of `end` tokens.
    func collect(to end: Int) {
        let collected = DecoderSizes.collected(rows: past.keys.rows, end: end)
        if collected > past.keys.rows { past = Self.makePast(rows: collected, decoder) }
    }

    /// One chunk of a prompt, for which there is room.
    struct Chunk {
        let ids: [Int32]
        let inserted: [InsertedRows]
        /// Of the ids in their sequence.
        let tokens: Range<Int>
        let positions: [RotaryPosition]
        /// The rows of the pool that hold the sequence's tokens, the chunk's last.
        let rows: [Int32]
    }

    /// - Parameter check: called before each layer.
    func extend(_ chunk: Chunk, check: () throws -> Void) throws {
        let shape = Shape(chunk.tokens.upperBound, past.keys.columns)
        let part = workspace.prefix(rows: chunk.ids.count)
        decoder.embed(chunk.ids, into: part.x)
        for rows in chunk.inserted { rows.write(over: part.x, tokens: chunk.tokens, on: decoder.device) }
        decoder.place(at: chunk.positions, part)
        let pass = Result {
            try decoder.run(
                .prefill(rows: chunk.rows, past: (past.keys.prefix(shape), past.values.prefix(shape))), memory, part, checkCancellation: check)
        }
        try decoder.device.checkFailure()
        try pass.get()
    }

    /// One step of several sequences.
    struct Step {
        /// Of the last rows; of those before, the device has sampled them itself.
        let ids: [Int32]
        let positions: [RotaryPosition]
        /// Where each row's key and value go in the pool.
        let rows: [Int32]
        let table: PageTable
    }

    /// - Parameters:
    ///   - sampled: ids of the first rows.
    ///   - logits: `[predicted, output]`, of the first rows; nil: none.
    func run(_ step: Step, sampled: Tensor?, into logits: Tensor?) throws {
        let device = decoder.device
        let part = workspace.prefix(rows: step.rows.count)
        decoder.place(at: step.positions, part)
        let placed = inputs.write(step.ids, rows: step.rows, step.table, on: device)
        if let sampled { device.copy(sampled, to: placed.ids.prefix(sampled.shape)) }
        func compute(_ check: () throws -> Void) rethrows {
            decoder.embed(placed.ids, into: part.x)
            try decoder.run(.decode(placed), memory, part, checkCancellation: check)
            if let logits { decoder.logits(part.normed.rows(0..<logits.rows), into: logits) }
        }
        // Recordings hold no collectives: recording one runs its step several times, and fails on one rank alone.
        if let communicator = decoder.communicator { return try compute { try communicator.check() } }
        let key = StepKey(rows: step.rows.count, pages: step.table.width, predicted: logits?.rows ?? 0)
        recordings.run(key, writing: [part.x] + [logits].compactMap { $0 }, on: device) { compute {} }
    }

    /// What the operators of a step depend on.
    private struct StepKey: Hashable {
        let rows: Int
        /// Of each sequence's table.
        let pages: Int
        /// Rows for which logits are computed.
        let predicted: Int
    }

    /// Waits for what the rank has queued.
    func settle() throws { try decoder.communicator?.synchronize() }

    private static func makePast(rows: Int, _ decoder: DecoderPart) -> (keys: Tensor, values: Tensor) {
        let shape = Shape(rows, decoder.configuration.keyValueSize)
        let device = decoder.device
        return (device.makeTensor(shape, decoder.activationType), device.makeTensor(shape, decoder.activationType))
    }
}
