import ModelConfiguration

// Where a prompt is cut into the chunks that are read at once. The results of a row depend on the rows that are computed with it, so the cuts
// depend on nothing but the tokens before them: prompts that begin alike are cut alike.

extension DecodingRequest {
    /// The chunk that follows the first `start` tokens, `start` being a cut: it ends after `DecoderSizes.prefillChunk` tokens, with the
    /// last of inserted rows, or with the prompt.
    package func chunk(from start: Int) -> Range<Int> { start..<min(nextCut(after: start), prompt.count) }

    /// The parts of the prompt between cuts. Tokens behind the last cut belong to none.
    package var segments: [PrefixSegment] {
        var segments: [PrefixSegment] = []
        var start = 0
        while case let end = nextCut(after: start), end <= prompt.count {
            segments.append(PrefixSegment(self, start..<end))
            start = end
        }
        return segments
    }

    /// The first cut after one, wherever the prompt ends.
    private func nextCut(after cut: Int) -> Int {
        let inserted = rows.lazy.map(\.tokens.upperBound).first { $0 > cut }
        return min(cut + DecoderSizes.prefillChunk, inserted ?? .max)
    }
}
