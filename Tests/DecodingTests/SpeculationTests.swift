import Decoding
import Domain
import ModelConfiguration
import Tensor
import TestSupport
import Testing

/// A request's tokens are those of plain decoding, whatever is guessed of them.
@Suite struct SpeculationTests {
    /// Guesses that are right with some probability, by what plain decoding gave. They ignore what passes drew.
    private static func drafts(of ids: [Int32], right: Double, seed: UInt64) -> DraftTokens {
        DraftTokens { known, _ in
            guard known.count < ids.count else { return nil }
            let isRight = CounterGenerator(seed: seed, position: known.count).uniform(0) < right
            return isRight ? ids[known.count] : (ids[known.count] + 1) % 80
        }
    }

    private static func alone(_ decoder: TokenDecoder) throws -> [Story] {
        try TestRequests.all.map { try TestDecoder.batch(decoder, size: 1).run([$0])[0] }
    }

    /// All requests, each with guesses as good as `right` says.
    private static func guessed(_ expected: [Story], right: Double) -> [DecodingRequest] {
        zip(TestRequests.all, expected).enumerated().map { index, pair in
            pair.0.with(drafts: drafts(of: pair.1.ids, right: right, seed: UInt64(index)))
        }
    }

    @Test("alone, the tokens are the same with right, with some and without right guesses, however many", arguments: TestDecoder.precisions)
    func alone(precision: Precision) throws {
        let decoder = try TestDecoder.make(precision)
        let expected = try Self.alone(decoder)
        for (right, tokens) in [(1.0, 1), (1, 31), (0.8, 3), (0.8, 7), (0.8, 63), (0.3, 15), (0, 15)] {
            for (request, story) in zip(Self.guessed(expected, right: right), expected) {
                let batch = TestDecoder.batch(decoder, size: 1, speculativeTokens: tokens)
                #expect(try batch.run([request])[0] == story, "\(tokens) tokens, \(right) of them right")
            }
        }
    }

    @Test("right guesses save passes; a request whose tokens the host samples, and one without drafts, has a pass for each token")
    func passes() throws {
        let decoder = try TestDecoder.make()
        let expected = try Self.alone(decoder)
        let batch = TestDecoder.batch(decoder, size: 1, speculativeTokens: 15)
        #expect(try batch.run([Self.guessed(expected, right: 1)[0]])[0] == expected[0])
        #expect(batch.decodedTokens == 300 && batch.passes < 60)
        for request in [Self.guessed(expected, right: 1)[3], TestRequests.all[1]] {
            let (passes, tokens) = (batch.passes, batch.decodedTokens)
            _ = try batch.run([request])
            #expect(batch.passes - passes == batch.decodedTokens - tokens)
        }
    }

    @Test("in a batch that requests join, are paused and go on behind told tokens, however few pages there are", arguments: TestDecoder.precisions)
    func batch(precision: Precision) throws {
        let decoder = try TestDecoder.make(precision)
        let expected = try Self.alone(decoder)
        for (right, tokens, pages) in [(0.9, 31, 200), (0.9, 15, 12), (0.5, 7, 9), (0, 15, 10)] {
            let requests = Self.guessed(expected, right: right).enumerated().map { index, request in
                request.with(told: index % 3 == 1 ? Array(expected[index].ids[..<20]) : [], cachesPrefix: index % 2 == 0)
            }
            let batch = TestDecoder.batch(decoder, size: 4, pages: pages, speculativeTokens: tokens)
            let stories = try batch.run(requests + requests)
            #expect(stories.map(\.done) == (expected + expected).map { $0.done }, "\(pages) pages, \(tokens) tokens, \(right) of them right")
            #expect(pages == 200 || batch.preemptions > 0)
        }
    }

    @Test("a request that is finished or cancelled among guesses is gone with its pages, and those beside it have their tokens")
    func leaves() throws {
        struct Leave: Error {}
        let decoder = try TestDecoder.make()
        let expected = try Self.alone(decoder)
        let requests = Self.guessed(expected, right: 1)
        let batch = TestDecoder.batch(decoder, size: 3, pages: 40, speculativeTokens: 31)
        let tickets = try [0, 1, 2].map { try batch.add(requests[$0]) }
        var stories: [Int: Story] = [:]
        var rounds = 0
        while !batch.isEmpty {
            rounds += 1
            try batch.advance { ticket in
                if ticket == tickets[1], rounds == 8 { throw Leave() }
            } onEvent: { event in
                stories[event.ticket, default: Story()].add(event)
                if case .token(tickets[0], index: 49, _, _) = event { batch.finish(tickets[0]) }
            }
        }
        #expect(stories[tickets[0]]?.ids == Array(expected[0].ids[..<50]))
        #expect(stories[tickets[1]]?.done == nil && expected[1].ids.starts(with: stories[tickets[1]]?.ids ?? []))
        #expect(stories[tickets[2]] == expected[2])
        #expect(batch.freePages == batch.pageCount)
    }

    @Test("random guesses, limits, stop tokens and batches give the tokens of plain decoding")
    func random() throws {
        var random = SeededRandom("SpeculationTests.random")
        let decoder = try TestDecoder.make()
        for _ in 0..<12 {
            let requests = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                TestRequests.make(
                    prompt: .random(in: 1...130, using: &random), limit: .random(in: 1...140, using: &random), greedy: .random(using: &random),
                    stops: .random(using: &random) ? [7, 21] : nil, seed: .random(in: 0...99, using: &random))
            }
            let expected = try requests.map { try TestDecoder.batch(decoder, size: 1).run([$0])[0] }
            let right = Double.random(in: 0...1, using: &random)
            let guessed = zip(requests, expected).map { $0.with(drafts: Self.drafts(of: $1.ids + [1, 2, 3], right: right, seed: random.next())) }
            let batch = TestDecoder.batch(
                decoder, size: .random(in: 1...5, using: &random), pages: .random(in: 5...30, using: &random),
                speculativeTokens: .random(in: 1...63, using: &random))
            #expect(try batch.run(guessed).map(\.done) == expected.map(\.done), "seed \(random.seed)")
        }
    }
}
