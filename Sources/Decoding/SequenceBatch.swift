import ModelConfiguration
package import Tensor

/// Sequences that one decoder extends together. Each has its own pages of a common pool, and joins and leaves at any time.
///
/// The results of a sequence depend on its own ids alone: its prompt is computed by itself, in chunks of a fixed size, and each row of
/// a step has the same bits as it would have alone.
package final class SequenceBatch {
    /// The most rows in one step: of as many sequences, or of fewer that get several ids each.
    package let size: Int
    private let decoder: TokenDecoder
    let pool: KVPool
    private let workspace: DecoderWorkspace
    private let device: any Device
    private let logits: Tensor  // [size, output]
    private var logitRows = 0  // rows of `logits` that hold what was computed last
    private var chunkRows = 0  // rows of the last prefill chunk
    private let sampled: SampledTokens  // [size]
    private let inputs: DecodeInputs
    private var recordings = RecordedSteps<StepKey>()
    /// The keys and values of one layer of the sequence in prefill, in order; as long as the longest prompt so far.
    private var past: (keys: Tensor, values: Tensor)

    /// - Parameters:
    ///   - size: at most the device's `batchRows`.
    ///   - cacheBytes: for all keys and values; there is at least one page.
    package init(_ decoder: TokenDecoder, size: Int, cacheBytes: Int) {
        precondition((1...decoder.device.batchRows).contains(size), "a batch of \(size); 1 to \(decoder.device.batchRows)")
        let configuration = decoder.configuration
        self.decoder = decoder
        self.size = size
        device = decoder.device
        pool = KVPool(pages: max(cacheBytes / (DecoderSizes.pageRows * decoder.cacheBytesPerToken), 1), configuration, on: device)
        workspace = DecoderWorkspace(rows: max(DecoderSizes.prefillChunk, size), decoder)
        // Not rounded: sampling compares logits that may differ by less than a step of bf16.
        logits = device.makeTensor(Shape(size, configuration.outputSize), .f32)
        sampled = SampledTokens(rows: size, on: device)
        inputs = DecodeInputs(rows: size, pages: pool.pageCount, on: device)
        past = SequenceBatch.makePast(rows: DecoderSizes.prefillChunk, decoder)
    }

    /// Steps that may be queued before the sampled tokens of the first are read.
    package var stepsAhead: Int { device.stepsAhead }

    /// Pages of the pool.
    package var pageCount: Int { pool.pageCount }
    /// Pages that no sequence holds; kept prefixes are given up where a sequence needs them.
    package var freePages: Int { pool.freePages }

    /// A sequence with pages for `capacity` tokens, or nil while fewer are free. To be closed.
    package func open(_ positions: SequencePositions, capacity: Int) -> Sequence? {
        pool.take(DecoderSizes.pages(rows: capacity)).map { Sequence(positions: positions, pages: $0) }
    }

    /// Releases the pages; the sequence must not be used any more.
    package func close(_ sequence: Sequence) { pool.release(sequence.pages) }

    /// Appends up to `DecoderSizes.prefillChunk` ids to one sequence, which has pages for them.
    ///
    /// - Parameters:
    ///   - inserted: rows in place of the embeddings of some of the ids.
    ///   - checkCancellation: called before each layer. What it throws ends the work; the sequence must then be closed.
    /// - Throws: also `DeviceError` where the device turns the work down; the same holds then.
    package func extend(_ sequence: Sequence, by ids: [Int32], inserted: [InsertedRows] = [], checkCancellation: () throws -> Void) throws {
        precondition((1...DecoderSizes.prefillChunk).contains(ids.count), "\(ids.count) ids at once; 1 to \(DecoderSizes.prefillChunk)")
        let end = sequence.count + ids.count
        let collected = DecoderSizes.collected(rows: past.keys.rows, end: end)
        if collected > past.keys.rows { past = SequenceBatch.makePast(rows: collected, decoder) }
        let shape = Shape(end, past.keys.columns)
        let part = workspace.prefix(rows: ids.count)
        decoder.embed(ids, into: part.x)
        for rows in inserted { rows.write(over: part.x, tokens: sequence.count..<end, on: device) }
        decoder.place(at: (sequence.count..<end).map { sequence.positions[$0] }, part)
        let pass = Result {
            try decoder.run(
                .prefill(rows: sequence.rows(0..<end), past: (past.keys.prefix(shape), past.values.prefix(shape))), pool: pool, part,
                checkCancellation: checkCancellation)
        }
        // What was refused here is refused to this sequence alone.
        try device.checkFailure()
        try pass.get()
        sequence.count = end
        chunkRows = ids.count
    }

    /// Computes the logits after the last id of the last ``extend(_:by:checkCancellation:)``.
    package func predictLast() { predict(workspace.normed.rows(chunkRows - 1..<chunkRows)) }

    /// The logits after each id of the last ``extend(_:by:checkCancellation:)``, `[ids, output]`.
    package func allLogits() throws -> [Float] {
        let result = device.makeTensor(Shape(chunkRows, decoder.configuration.outputSize), .f32)
        decoder.logits(workspace.prefix(rows: chunkRows).normed, into: result)
        return try device.floats(result)
    }

    /// The residual stream of the first `rows` rows of a chunk, `[rows, hidden]`: while ``extend(_:by:inserted:checkCancellation:)`` calls
    /// `checkCancellation`, what the next layer reads; behind it, what the last one wrote.
    package func hiddenStates(rows: Int) throws -> [Float] { try device.floats(workspace.prefix(rows: rows).x) }

    /// The ids that a step appends, one to each sequence.
    package enum StepIDs {
        case host([Int32])
        /// For the first sequences the results of the last ``sample(_:below:)``, in their order, which the host need not know yet.
        case lastSampled(then: [Int32])
    }

    /// Whether there are pages for a step of these sequences.
    package func hasPages(forStep sequences: [Sequence]) -> Bool { pool.has(sequences.count { $0.isFull }) }

    /// Appends one id to each of several sequences and computes the logits that follow: one row for each of the first `predicted`, nil for
    /// all. A sequence whose pages are full takes another; there must be enough. A sequence that is named n times in a row gets n ids, up
    /// to its `room`; each has the logits that it would have in a step of its own.
    package func step(_ sequences: [Sequence], _ ids: StepIDs, predicted: Int? = nil) throws {
        precondition((1...size).contains(sequences.count), "\(sequences.count) rows in a batch of \(size)")
        for sequence in sequences where sequence.isFull {
            guard let page = pool.take(1) else { preconditionFailure("no page for a sequence of \(sequence.count) tokens") }
            sequence.pages += page
        }
        // Where each row stands in its sequence, whose count is behind the last one then.
        let places = sequences.map { sequence in
            defer { sequence.count += 1 }
            return sequence.count
        }
        let table = PageTable(
            pageRows: DecoderSizes.pageRows, sequences: zip(sequences, places).map { ($0.pages, $1 + 1) },
            width: DecoderSizes.bucket(pages: sequences.map(\.pages.count).max() ?? 0), filler: pool.spare)
        let part = workspace.prefix(rows: sequences.count)
        decoder.place(at: zip(sequences, places).map { $0.positions[$1] }, part)
        let step = write(ids, rows: zip(sequences, places).map { $0.rows($1..<$1 + 1)[0] }, table)
        let predicted = 0..<(predicted ?? sequences.count)
        let key = StepKey(rows: sequences.count, pages: table.width, predicted: predicted.count)
        let logits = predicted.isEmpty ? nil : self.logits.rows(predicted)
        recordings.run(key, writing: [part.x] + [logits].compactMap { $0 }, on: device) {
            decoder.embed(step.ids, into: part.x)
            decoder.run(.decode(step), pool: pool, part) {}
            if let logits { decoder.logits(part.normed.rows(predicted), into: logits) }
        }
        if let logits { logitRows = logits.rows }
    }

    /// What the operators of a step depend on.
    private struct StepKey: Hashable {
        let rows: Int
        /// Of each sequence's table.
        let pages: Int
        /// Rows for which logits are computed.
        let predicted: Int
    }

    private func write(_ ids: StepIDs, rows: [Int32], _ table: PageTable) -> DecodeInputs.Step {
        switch ids {
        case .host(let ids): return inputs.write(ids, rows: rows, table, on: device)
        case .lastSampled(let others):
            let step = inputs.write(others, rows: rows, table, on: device)
            let count = rows.count - others.count
            device.copy(sampled.prefix(count).ids, to: step.ids.prefix(Shape(count)))
            return step
        }
    }

    private func predict(_ normed: Tensor) {
        logitRows = normed.rows
        decoder.logits(normed, into: logits.rows(0..<logitRows))
    }

    /// Waits for the logits computed last, `[rows, output]`.
    package func lastLogits() throws -> [Float] { try lastLogits(rows: 0..<logitRows) }

    /// Waits for some rows of the logits computed last, `[rows, output]`.
    package func lastLogits(rows: Range<Int>) throws -> [Float] {
        precondition(rows.upperBound <= logitRows, "rows \(rows) of the logits of \(logitRows)")
        return try device.floats(logits.rows(rows))
    }

    /// Samples an id below `limit` from each of the first rows of the logits computed last.
    package func sample(_ parameters: [SamplingParameters], below limit: Int) -> (ids: PendingRead, mass: PendingRead) {
        let rows = parameters.count
        precondition((1...logitRows).contains(rows), "\(rows) samples from \(logitRows) rows")
        let sampled = sampled.prefix(rows)
        device.sample(logits.rows(0..<rows).columns(0..<limit), parameters, into: sampled)
        return (device.readLater(sampled.ids), device.readLater(sampled.mass))
    }

    private static func makePast(rows: Int, _ decoder: TokenDecoder) -> (keys: Tensor, values: Tensor) {
        let shape = Shape(rows, decoder.configuration.keyValueSize)
        let device = decoder.device
        return (device.makeTensor(shape, decoder.activationType), device.makeTensor(shape, decoder.activationType))
    }
}
