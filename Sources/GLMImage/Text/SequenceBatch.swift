import ModelConfiguration
package import Tensor

/// Sequences that one decoder extends together: each has its pages of a common pool, and joins and leaves as it likes.
///
/// What a sequence gets depends on its own ids alone: its prompt is computed by itself, in stretches that its own length
/// sets, and of a step's rows each is what it would be alone.
package final class SequenceBatch {
    /// One sequence's place.
    package final class Sequence {
        fileprivate let positions: [RasterPosition]
        fileprivate let pages: [Int32]
        /// Tokens so far.
        package fileprivate(set) var count = 0

        fileprivate init(positions: [RasterPosition], pages: [Int32]) {
            self.positions = positions
            self.pages = pages
        }

        /// Where the rows `range` lie in the pool.
        fileprivate func rows(_ range: Range<Int>) -> [Int32] {
            let size = DecoderSizes.pageRows
            return range.map { pages[$0 / size] * Int32(size) + Int32($0 % size) }
        }
    }

    /// Sequences in one step, at most.
    package let size: Int
    private let decoder: TokenDecoder
    private let pool: KeyValuePool
    private let workspace: DecoderWorkspace
    private let device: any Device
    private let logits: Tensor  // [size, visionVocabulary]
    private var predicted = 0  // its rows that hold what was computed last
    private let drawn: DrawnCodes  // [size]
    /// A joining sequence's keys and values of one layer, in order; as long as the longest prompt so far.
    private var past: (keys: Tensor, values: Tensor)

    /// - Parameter cacheBytes: of all keys and values; at least one page is made.
    package init(_ decoder: TokenDecoder, size: Int, cacheBytes: Int) {
        precondition((1...decoder.device.batchRows).contains(size), "a batch of \(size); 1 to \(decoder.device.batchRows)")
        let configuration = decoder.configuration
        self.decoder = decoder
        self.size = size
        device = decoder.device
        pool = KeyValuePool(
            pages: max(cacheBytes / (DecoderSizes.pageRows * decoder.cacheBytesPerToken), 1), configuration, on: device)
        workspace = DecoderWorkspace(rows: max(DecoderSizes.prefillChunk, size), configuration, on: device)
        logits = device.makeTensor(Shape(size, configuration.visionVocabularySize), .f32)
        drawn = DrawnCodes(rows: size, on: device)
        past = SequenceBatch.makePast(rows: DecoderSizes.prefillChunk, decoder)
    }

    /// Steps that may be queued before the draws of the first are read.
    package var stepsAhead: Int { device.stepsAhead }

    /// Pages of the pool, and those that no sequence holds.
    package var pageCount: Int { pool.allocator.pageCount }
    package var freePages: Int { pool.allocator.freeCount }

    /// A sequence with pages for `positions.count` tokens, or nil while fewer are free. To be closed.
    package func open(_ positions: [RasterPosition]) -> Sequence? {
        pool.take(DecoderSizes.pages(rows: positions.count)).map { Sequence(positions: positions, pages: $0) }
    }

    /// Gives the pages back; the sequence is not to be used any more.
    package func close(_ sequence: Sequence) { pool.give(sequence.pages) }

    /// Appends up to `DecoderSizes.prefillChunk` ids to one sequence.
    /// - Parameter beforeLayer: what it throws ends the work, and with it the sequence.
    package func extend(_ sequence: Sequence, by ids: [Int32], beforeLayer: () throws -> Void) throws {
        precondition((1...DecoderSizes.prefillChunk).contains(ids.count), "\(ids.count) ids at once; 1 to \(DecoderSizes.prefillChunk)")
        let end = sequence.count + ids.count
        if past.keys.rows < end { past = SequenceBatch.makePast(rows: DecoderSizes.collected(rows: past.keys.rows, end: end), decoder) }
        let shape = Shape(end, past.keys.columns)
        let part = workspace.prefix(rows: ids.count)
        decoder.embed(ids, part)
        try decoder.run(
            at: Array(sequence.positions[sequence.count..<end]),
            .stretch(rows: sequence.rows(0..<end), past: (past.keys.prefix(shape), past.values.prefix(shape))), pool: pool, part,
            beforeLayer: beforeLayer)
        sequence.count = end
        lastCount = ids.count
    }

    /// Computes the logits after the last id of the last ``extend(_:by:beforeLayer:)``.
    package func predictLast() { predict(workspace.x.rows(lastCount - 1..<lastCount), normed: workspace.normed.rows(0..<1)) }

    /// The logits after each id of the last ``extend(_:by:beforeLayer:)``, `[ids, visionVocabulary]`.
    package func allLogits() throws -> [Float] {
        let last = workspace.prefix(rows: lastCount)
        let result = device.makeTensor(Shape(lastCount, decoder.configuration.visionVocabularySize), .f32)
        decoder.logits(last.x, normed: last.normed, into: result)
        return try device.floats(result)
    }

    /// What a step appends.
    package enum Ids {
        case these([Int32])
        /// Those of the last ``draw(_:below:)``, which the host need not know yet.
        case lastDrawn
    }

    /// Appends one id to each of several sequences and computes the logits that follow, a row each.
    package func step(_ sequences: [Sequence], _ ids: Ids) throws {
        precondition((1...size).contains(sequences.count), "\(sequences.count) sequences in a batch of \(size)")
        let pages = PageTable(pageRows: DecoderSizes.pageRows, sequences: sequences.map { ($0.pages, $0.count + 1) })
        let rows = sequences.map { $0.rows($0.count..<$0.count + 1)[0] }
        let part = workspace.prefix(rows: sequences.count)
        switch ids {
        case .these(let ids): decoder.embed(ids, part)
        case .lastDrawn: decoder.embed(drawn.prefix(sequences.count).ids, part)
        }
        try decoder.run(at: sequences.map { $0.positions[$0.count] }, .step(rows: rows, pages: pages), pool: pool, part) {}
        for sequence in sequences { sequence.count += 1 }
        predict(part.x, normed: part.normed)
    }

    private func predict(_ x: Tensor, normed: Tensor) {
        predicted = x.rows
        decoder.logits(x, normed: normed, into: logits.rows(0..<predicted))
    }

    /// Waits for the logits computed last, `[rows, visionVocabulary]`.
    package func lastLogits() throws -> [Float] { try device.floats(logits.rows(0..<predicted)) }

    /// Draws an id below `codes` from each row of the logits computed last.
    package func draw(_ draws: [Draw], below codes: Int) -> (ids: PendingRead, mass: PendingRead) {
        precondition(draws.count == predicted, "\(draws.count) draws from \(predicted) rows")
        let drawn = drawn.prefix(predicted)
        device.draw(logits.rows(0..<predicted).columns(0..<codes), draws, into: drawn)
        return (device.readLater(drawn.ids), device.readLater(drawn.mass))
    }

    private var lastCount = 0

    private static func makePast(rows: Int, _ decoder: TokenDecoder) -> (keys: Tensor, values: Tensor) {
        let shape = Shape(rows, decoder.configuration.keyValueHeads * decoder.configuration.headSize)
        return (decoder.device.makeTensor(shape, .f32), decoder.device.makeTensor(shape, .f32))
    }
}
