import ModelConfiguration

/// A prompt, and how to go on from it.
package struct DecodingRequest: Sendable {
    /// Ids of the prompt; at least one.
    package let prompt: [Int32]
    package let positions: SequencePositions
    package let sampler: Sampler
    package let stop: StopCondition
    /// Rows in place of the embeddings of some of the prompt's tokens: in the order of the tokens, none twice.
    package let rows: [InsertedRows]
    /// Ids that another stage generated before: the request goes on behind them with the ids that it would have had anyway.
    package let told: [Int32]
    package let forced: ForcedTokens?
    /// Guesses, which a batch may use where the device samples.
    package let drafts: DraftTokens?
    /// Whether the keys and values of the prompt stay for later requests that begin with the same tokens, and those of earlier ones are used.
    package let cachesPrefix: Bool

    /// - Parameters:
    ///   - stop: with a limit of at least one token; the told ids count.
    ///   - told: at most as many as the limit.
    package init(
        prompt: [Int32], positions: SequencePositions, sampler: Sampler, stop: StopCondition, rows: [InsertedRows] = [], told: [Int32] = [],
        forced: ForcedTokens? = nil, drafts: DraftTokens? = nil, cachesPrefix: Bool = false
    ) {
        precondition(!prompt.isEmpty && stop.limit > 0, "a prompt of \(prompt.count) tokens, and at most \(stop.limit) to sample")
        precondition(told.count <= stop.limit, "\(told.count) told ids of at most \(stop.limit)")
        precondition(
            zip([0] + rows.map(\.tokens.upperBound), rows.map(\.tokens.lowerBound) + [prompt.count]).allSatisfy { $0 <= $1 },
            "rows at \(rows.map(\.tokens)) of a prompt of \(prompt.count)")
        self.prompt = prompt
        self.positions = positions
        self.sampler = sampler
        self.stop = stop
        self.rows = rows
        self.told = told
        self.forced = forced
        self.drafts = drafts
        self.cachesPrefix = cachesPrefix
    }

    /// The most tokens whose keys and values are stored: all but the last one sampled, which no token follows.
    package var capacity: Int { prompt.count + stop.limit - 1 }
    /// The most pages of the pool that this request holds.
    package var pages: Int { DecoderSizes.pages(rows: capacity) }
    /// Whether its tokens are sampled from logits on the host. The request alone decides it, so that all of its tokens are sampled by the
    /// same program.
    var samplesOnHost: Bool { forced != nil || sampler.shaping != .none }
}
