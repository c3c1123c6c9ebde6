import Decoding
import ModelConfiguration
import Tensor
import Testing

/// Sequences that end at a token, beside those that end by count.
@Suite struct TokenBatchTests {
    private static let limit = 40

    private static func batch(size: Int) throws -> TokenBatch { try TestDecoder.batch(TestDecoder.make(style: .halves), size: size, pages: 64) }

    private static func request(seed: UInt64, stop: StopCondition) -> DecodingRequest {
        DecodingRequest(
            prompt: [5, 9, 3], positions: SequencePositions(next: 0),
            sampler: Sampler(SamplingParameters(temperature: 1, topP: 1, topK: 0), seed: seed), stop: stop)
    }

    /// The ids of each request, in order; all must end as done.
    private static func run(_ requests: [DecodingRequest], size: Int) throws -> [[Int32]] {
        try batch(size: size).run(requests).map { story in
            #expect(story.done == story.ids)
            return story.ids
        }
    }

    @Test("a sequence ends behind its stop token, alone and beside others that go on", arguments: [1, 3])
    func stopToken(size: Int) throws {
        let all = try (1...3).map { try Self.run([Self.request(seed: $0, stop: .count(Self.limit))], size: 1)[0] }
        #expect(all.map(\.count) == [Self.limit, Self.limit, Self.limit])
        // The token in the middle of the first, unless it was sampled before.
        let stop = all[0][Self.limit / 2]
        let end = all[0].firstIndex(of: stop)!
        let requests = [
            Self.request(seed: 1, stop: .tokens([stop], limit: Self.limit)), Self.request(seed: 2, stop: .count(Self.limit)),
            // An id that is not in the head never comes.
            Self.request(seed: 3, stop: .tokens([-1], limit: Self.limit)),
        ]
        #expect(try Self.run(requests, size: size) == [Array(all[0][...end]), all[1], all[2]])
    }

    @Test("a request that the whole pool can't hold is refused with the numbers")
    func exceedsPool() throws {
        let batch = try Self.batch(size: 1)
        let rows = batch.pageCount * DecoderSizes.pageRows
        #expect(throws: DecodingError.exceedsPool(pages: batch.pageCount + 1, available: batch.pageCount)) {
            try batch.add(Self.request(seed: 1, stop: .tokens([0], limit: rows)))
        }
        #expect(batch.isEmpty)
    }
}
