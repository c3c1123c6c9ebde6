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
    /// By rank.
    private let parts: [SequenceBatchPart]
    /// The first rank's, which draws.
    private let device: any Device
    private let logits: Tensor  // [size, output]
    private var logitRows = 0  // rows of `logits` that hold what was computed last
    private var chunkRows = 0  // rows of the last prefill chunk
    private let sampled: SampledTokens  // [size]

    /// - Parameters:
    ///   - size: at most the device's `batchRows`.
    ///   - cacheBytes: for all keys and values, on each device; there is at least one page.
    package init(_ decoder: TokenDecoder, size: Int, cacheBytes: Int) {
        precondition((1...decoder.device.batchRows).contains(size), "a batch of \(size); 1 to \(decoder.device.batchRows)")
        self.decoder = decoder
        self.size = size
        device = decoder.device
        let pool = KVPool(pages: max(cacheBytes / (DecoderSizes.pageRows * decoder.cacheBytesPerToken), 1), decoder)
        self.pool = pool
        parts = decoder.threads.each { SequenceBatchPart(decoder.parts[$0], size: size, pages: pool.pageCount, pool.memory[$0]) }
        // Not rounded: sampling compares logits that may differ by less than a step of bf16.
        logits = device.makeTensor(Shape(size, decoder.configuration.outputSize), .f32)
        sampled = SampledTokens(rows: size, on: device)
    }

    /// Steps that may be queued before the sampled tokens of the first are read. None where there are several ranks, which learn them from the
    /// host.
    package var stepsAhead: Int { decoder.ranks > 1 ? 0 : device.stepsAhead }

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
        _ = decoder.threads.each { parts[$0].collect(to: end) }
        let chunk = SequenceBatchPart.Chunk(
            ids: ids, inserted: inserted, tokens: sequence.count..<end, positions: (sequence.count..<end).map { sequence.positions[$0] },
            rows: sequence.rows(0..<end))
        // What one device refuses is refused to this sequence alone; what one of several does ends them all.
        _ = try decoder.threads.pass(checkCancellation: checkCancellation) { try parts[$0].extend(chunk, check: $1) }
        sequence.count = end
        chunkRows = ids.count
    }

    /// Computes the logits after the last id of the last ``extend(_:by:checkCancellation:)``.
    package func predictLast() { predict(parts[0].normed.rows(chunkRows - 1..<chunkRows)) }

    /// The logits after each id of the last ``extend(_:by:checkCancellation:)``, `[ids, output]`.
    package func allLogits() throws -> [Float] {
        try settle()
        let result = device.makeTensor(Shape(chunkRows, decoder.configuration.outputSize), .f32)
        let normed = parts[0].normed
        decoder.parts[0].logits(normed.prefix(Shape(chunkRows, normed.columns)), into: result)
        return try device.floats(result)
    }

    /// The residual stream of the first `rows` rows of a chunk, `[rows, hidden]`: while ``extend(_:by:inserted:checkCancellation:)`` calls
    /// `checkCancellation`, what the next layer reads; behind it, what the last one wrote.
    package func hiddenStates(rows: Int) throws -> [Float] { try device.floats(parts[0].hidden(rows: rows)) }

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
        let (ids, sampled) = try self.ids(ids, rows: sequences.count)
        let step = SequenceBatchPart.Step(
            ids: ids, positions: zip(sequences, places).map { $0.positions[$1] },
            rows: zip(sequences, places).map { $0.rows($1..<$1 + 1)[0] }, table: table)
        let predicted = predicted ?? sequences.count
        let logits = predicted == 0 ? nil : self.logits.rows(0..<predicted)
        _ = try decoder.threads.pass(checkCancellation: {}) { rank, _ in
            try parts[rank].run(step, sampled: sampled, into: rank == 0 ? logits : nil)
        }
        if let logits { logitRows = logits.rows }
    }

    /// The ids of the last rows, and what the device has for those before. Several ranks have nothing there but what the host tells them.
    private func ids(_ ids: StepIDs, rows: Int) throws -> (known: [Int32], sampled: Tensor?) {
        switch ids {
        case .host(let ids): return (ids, nil)
        case .lastSampled(let others):
            let last = sampled.prefix(rows - others.count).ids
            guard decoder.ranks > 1 else { return (others, last) }
            try settle()
            return (try device.integers(last) + others, nil)
        }
    }

    /// Waits for all ranks where there are several, so that the failure of one is thrown with its name, and at once, before the host waits for the
    /// first.
    package func settle() throws {
        guard decoder.ranks > 1 else { return }
        _ = try decoder.threads.pass(checkCancellation: {}) { rank, _ in try parts[rank].settle() }
    }

    private func predict(_ normed: Tensor) {
        logitRows = normed.rows
        decoder.parts[0].logits(normed, into: logits.rows(0..<logitRows))
    }

    /// Waits for the logits computed last, `[rows, output]`.
    package func lastLogits() throws -> [Float] { try lastLogits(rows: 0..<logitRows) }

    /// Waits for some rows of the logits computed last, `[rows, output]`.
    package func lastLogits(rows: Range<Int>) throws -> [Float] {
        precondition(rows.upperBound <= logitRows, "rows \(rows) of the logits of \(logitRows)")
        try settle()
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
}
