import Decoding
import ModelConfiguration
import Tensor

extension ModelBenchmark {
    static let codeParts = ["codes", "codes-0", "codes-75"]

    /// Times a sequence with all that a stage does for it, without guesses and with guesses of which a stated share is right: a checkpoint
    /// of random weights would accept none of those that a stage makes.
    func speculation(_ decoder: TokenDecoder, _ timed: (PartTiming) -> Void) throws {
        guard Self.codeParts.contains(where: wants) else { return }
        let ids = try sequence(batch(decoder, speculativeTokens: 0), drafts: nil)
        func time(_ part: String, _ workload: String, _ speculativeTokens: Int, right: Double) throws {
            // Goes on from one run to the next with what it has learned of the machine.
            let batch = batch(decoder, speculativeTokens: speculativeTokens)
            let drafts = drafts(of: ids, right: right, below: decoder.configuration.outputSize)
            try self.time(part, workload, tokens: ids.count, timed) { _ = try sequence(batch, drafts: drafts) }
        }
        try time("codes", "\(ids.count) codes", 0, right: 0)
        try time("codes-0", "no guess right", DecoderSizes.speculativeTokens, right: 0)
        try time("codes-75", "3 of 4 guesses right", DecoderSizes.speculativeTokens, right: 0.75)
    }

    private func request(_ drafts: DraftTokens?) -> DecodingRequest {
        DecodingRequest(
            prompt: [1, 2, 3, 4], positions: SequencePositions(next: 0),
            sampler: Sampler(SamplingParameters(temperature: 0.9, topP: 0.75, topK: 0), seed: 1), stop: .count(sizes.decodedTokens),
            drafts: drafts)
    }

    private func batch(_ decoder: TokenDecoder, speculativeTokens: Int) -> TokenBatch {
        TokenBatch(
            decoder, size: 1, cacheBytes: request(nil).pages * DecoderSizes.pageRows * decoder.cacheBytesPerToken,
            sampledIDs: decoder.configuration.outputSize, speculativeTokens: speculativeTokens)
    }

    private func sequence(_ batch: TokenBatch, drafts: DraftTokens?) throws -> [Int32] {
        _ = try batch.add(request(drafts))
        var result: [Int32] = []
        while !batch.isEmpty {
            try batch.advance(checkCancellation: { _ in }) { event in
                if case .done(_, let ids) = event { result = ids }
            }
        }
        return result
    }

    /// Guesses that are right with a probability, place by place.
    private func drafts(of ids: [Int32], right: Double, below limit: Int) -> DraftTokens {
        DraftTokens { known, _ in
            guard ids.indices.contains(known.count) else { return nil }
            let isRight = CounterGenerator(seed: 0, position: known.count).uniform(0) < right
            return isRight ? ids[known.count] : (ids[known.count] + 1) % Int32(limit)
        }
    }
}
