import ModelConfiguration

/// A prompt, and how to go on from it.
package struct DecodingRequest: Sendable {
    /// Ids of the prompt; at least one.
    package var prompt: [Int32]
    package var positions: SequencePositions
    package var sampler: Sampler
    package var stop: StopCondition

    /// - Parameter stop: with a limit of at least one token.
    package init(prompt: [Int32], positions: SequencePositions, sampler: Sampler, stop: StopCondition) {
        precondition(!prompt.isEmpty && stop.limit > 0, "a prompt of \(prompt.count) tokens, and at most \(stop.limit) to sample")
        self.prompt = prompt
        self.positions = positions
        self.sampler = sampler
        self.stop = stop
    }

    /// The most tokens whose keys and values are stored: all but the last one sampled, which no token follows.
    package var capacity: Int { prompt.count + stop.limit - 1 }
    /// Pages of the pool that this request holds from its admission to its end.
    package var pages: Int { DecoderSizes.pages(rows: capacity) }
}
