import Tensor

/// Sequences that one decoder extends together: each has its pages of a common pool, and joins and leaves as it likes.
///
/// What a sequence gets depends on its own ids alone: its prompt is computed by itself, in stretches that its own length
/// sets, and of a step's rows each is what it would be alone.
package final class SequenceBatch {
    /// Rows of a prompt computed at once: bounds the workspace and how long a step may be held up, and costs nothing in speed.
    package static let stretch = 256

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
            let size = KeyValuePool.pageRows
            return range.map { pages[$0 / size] * Int32(size) + Int32($0 % size) }
        }
    }

    /// Sequences in one step, at most.
    package let size: Int
    private let decoder: TokenDecoder
    private let pool: KeyValuePool
    private let workspace: DecoderWorkspace
    private let device: any Device
    private let deviceLogits: Tensor                            // [size, visionVocabulary]
    private let logits: UnsafeMutableBufferPointer<Float>       // the same
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
            pages: max(cacheBytes / (KeyValuePool.pageRows * decoder.cacheBytesPerToken), 1), configuration, on: device)
        workspace = DecoderWorkspace(rows: max(SequenceBatch.stretch, size), configuration, on: device)
        deviceLogits = device.makeTensor(Shape(size, configuration.visionVocabularySize), .f32)
        logits = .allocate(capacity: size * configuration.visionVocabularySize)
        past = SequenceBatch.makePast(rows: SequenceBatch.stretch, decoder)
    }

    deinit { logits.deallocate() }

    /// Pages of the pool, and those that no sequence holds.
    package var pageCount: Int { pool.allocator.pageCount }
    package var freePages: Int { pool.allocator.freeCount }

    /// A sequence with pages for `positions.count` tokens, or nil while fewer are free. To be closed.
    package func open(_ positions: [RasterPosition]) -> Sequence? {
        pool.take(KeyValuePool.pages(rows: positions.count)).map { Sequence(positions: positions, pages: $0) }
    }

    /// Gives the pages back; the sequence is not to be used any more.
    package func close(_ sequence: Sequence) { pool.give(sequence.pages) }

    /// Appends up to ``stretch`` ids to one sequence.
    /// - Parameter beforeLayer: what it throws ends the work, and with it the sequence.
    package func extend(_ sequence: Sequence, by ids: [Int32], beforeLayer: () throws -> Void) throws {
        precondition((1...SequenceBatch.stretch).contains(ids.count), "\(ids.count) ids at once; 1 to \(SequenceBatch.stretch)")
        let end = sequence.count + ids.count
        if past.keys.rows < end { past = SequenceBatch.makePast(rows: max(end, 2 * past.keys.rows), decoder) }
        let shape = Shape(end, past.keys.columns)
        try decoder.run(
            ids, at: Array(sequence.positions[sequence.count..<end]),
            .stretch(rows: sequence.rows(0..<end), past: (past.keys.prefix(shape), past.values.prefix(shape))), pool: pool,
            workspace.prefix(rows: ids.count), beforeLayer: beforeLayer)
        sequence.count = end
        lastCount = ids.count
    }

    /// The logits after the last id of the last ``extend(_:by:beforeLayer:)``.
    package func lastLogits() throws -> UnsafeBufferPointer<Float> {
        let x = workspace.x.rows(lastCount - 1..<lastCount)
        let target = deviceLogits.rows(0..<1)
        decoder.logits(x, normed: workspace.normed.rows(0..<1), into: target)
        try device.read(target, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(logits)[..<target.byteCount]))
        return row(0)
    }

    /// The logits after each id of the last ``extend(_:by:beforeLayer:)``, `[ids, visionVocabulary]`.
    package func allLogits() throws -> [Float] {
        let last = workspace.prefix(rows: lastCount)
        let result = device.makeTensor(Shape(lastCount, decoder.configuration.visionVocabularySize), .f32)
        decoder.logits(last.x, normed: last.normed, into: result)
        return try device.floats(result)
    }

    /// Appends one id to each of several sequences; ``row(_:)`` has the logits that follow.
    package func step(_ sequences: [Sequence], _ ids: [Int32]) throws {
        precondition((1...size).contains(sequences.count) && ids.count == sequences.count, "\(sequences.count) sequences and \(ids.count) ids in a batch of \(size)")
        let pages = PageTable(pageRows: KeyValuePool.pageRows, sequences: sequences.map { ($0.pages, $0.count + 1) })
        let rows = sequences.map { $0.rows($0.count..<$0.count + 1)[0] }
        let part = workspace.prefix(rows: ids.count)
        try decoder.run(ids, at: sequences.map { $0.positions[$0.count] }, .step(rows: rows, pages: pages), pool: pool, part) {}
        for sequence in sequences { sequence.count += 1 }
        let target = deviceLogits.rows(0..<ids.count)
        decoder.logits(part.x, normed: part.normed, into: target)
        try device.read(target, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(logits)[..<target.byteCount]))
    }

    /// The logits of a step's sequence `index`, until the next call.
    package func row(_ index: Int) -> UnsafeBufferPointer<Float> {
        let count = decoder.configuration.visionVocabularySize
        return UnsafeBufferPointer(rebasing: logits[index * count..<(index + 1) * count])
    }

    private var lastCount = 0

    private static func makePast(rows: Int, _ decoder: TokenDecoder) -> (keys: Tensor, values: Tensor) {
        let shape = Shape(rows, decoder.configuration.keyValueHeads * decoder.configuration.headSize)
        return (decoder.device.makeTensor(shape, .f32), decoder.device.makeTensor(shape, .f32))
    }
}
