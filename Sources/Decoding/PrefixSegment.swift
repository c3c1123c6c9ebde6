import Tensor

/// A run of a prompt's tokens between two cuts, by all that its keys and values depend on beside the tokens before it.
package struct PrefixSegment: Sendable, Hashable {
    /// Rows in place of the embeddings of some of the tokens.
    private struct Rows: Sendable, Hashable {
        /// Of the first row, counted from the first of the tokens; negative if the run begins among the rows.
        let at: Int
        let count: Int
        let dtype: DType
        let digest: [UInt8]
    }

    /// The tokens' places in the prompt.
    package let tokens: Range<Int>
    private let ids: [Int32]
    private let positions: [RotaryPosition]
    private let rows: [Rows]
    /// Of all of it, made once: a request that waits is looked up in each round.
    private let hash: Int

    package init(_ request: DecodingRequest, _ tokens: Range<Int>) {
        self.tokens = tokens
        ids = Array(request.prompt[tokens])
        positions = tokens.map { request.positions[$0] }
        rows = request.rows.filter { $0.tokens.overlaps(tokens) }.map {
            Rows(at: $0.at - tokens.lowerBound, count: $0.rows.count, dtype: $0.rows.dtype, digest: $0.digest)
        }
        var hasher = Hasher()
        hasher.combine(ids)
        hasher.combine(positions)
        hasher.combine(rows)
        hash = hasher.finalize()
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
