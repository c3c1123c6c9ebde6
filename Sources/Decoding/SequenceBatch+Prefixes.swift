import ModelConfiguration

// Sequences that begin with what earlier ones have computed.

extension SequenceBatch {
    /// A sequence with pages for `capacity` tokens that begins with the longest kept prefix of `segments`; nil while too few pages are free.
    /// To be closed.
    package func open(_ positions: SequencePositions, capacity: Int, behind segments: some Swift.Sequence<PrefixSegment>) -> Sequence? {
        // While a prefix that ends within a page is copied it takes a page more than the request has: where that is the one too many,
        // the request begins anew rather than wait for ever.
        open(positions, capacity: capacity, behind: pool.path(segments)) ?? open(positions, capacity: capacity, behind: [])
    }

    private func open(_ positions: SequencePositions, capacity: Int, behind path: [PrefixCache.Node]) -> Sequence? {
        let (tokens, pages) = pool.prefix(path)
        let shared = tokens / DecoderSizes.pageRows
        pool.retain(pages)
        guard let own = pool.take(DecoderSizes.pages(rows: capacity) - shared) else {
            pool.release(pages)
            return nil
        }
        if shared < pages.count {
            pool.copy(pages[shared], to: own[0], rows: tokens % DecoderSizes.pageRows)
            pool.release([pages[shared]])
        }
        return Sequence(positions: positions, pages: pages.prefix(shared) + own, count: tokens, prefix: path.last ?? PrefixCache.root)
    }

    /// Keeps `segment`, the last tokens of the sequence, for later sequences. Only for one that was opened behind segments.
    package func keep(_ segment: PrefixSegment, of sequence: Sequence) {
        precondition(segment.tokens.upperBound == sequence.count, "tokens \(segment.tokens) of \(sequence.count)")
        let held = segment.tokens.lowerBound / DecoderSizes.pageRows..<DecoderSizes.pages(rows: sequence.count)
        sequence.prefix = sequence.prefix.flatMap { pool.keep(segment, behind: $0, pages: Array(sequence.pages[held])) }
    }

    /// Gives up all kept prefixes.
    package func forgetPrefixes() { pool.forgetPrefixes() }
}
