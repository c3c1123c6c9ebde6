import Decoding
import Domain
import ModelConfiguration
import Testing

/// The ids of a request, and what is said of them, depend on the request alone, bit for bit.
@Suite struct SameIDsTests {
    private static func alone(_ decoder: TokenDecoder) throws -> [Story] {
        try TestRequests.all.map { try TestDecoder.batch(decoder, size: 1).run([$0])[0] }
    }

    @Test("alone and in a batch that they join one after another", arguments: TestDecoder.precisions)
    func batch(precision: Precision) throws {
        let decoder = try TestDecoder.make(precision)
        let expected = try Self.alone(decoder)
        #expect(Set(expected.map { $0.ids }).count == expected.count)
        #expect(expected[5].ids.count < 250 && expected[5].ids.last! % 16 == 0)
        let batch = TestDecoder.batch(decoder, size: 4)
        var stories: [Int: Story] = [:]
        let tickets = try TestRequests.all.enumerated().map { index, request in
            try batch.run(&stories, rounds: 5 * index)
            return try batch.add(request)
        }
        try batch.run(&stories)
        #expect(tickets.map { stories[$0] } == expected)
        #expect(batch.preemptions == 0 && batch.cachedTokens == 0)
    }

    @Test("when they are paused, however few pages there are", arguments: TestDecoder.precisions, [9, 10, 12, 16])
    func paused(precision: Precision, pages: Int) throws {
        let decoder = try TestDecoder.make(precision)
        let expected = try Self.alone(decoder)
        #expect(TestRequests.all.map(\.pages).max()! <= 9)
        for requests in [TestRequests.all, TestRequests.all.reversed()] {
            let batch = TestDecoder.batch(decoder, size: 4, pages: pages)
            let stories = try batch.run(requests)
            #expect(stories == (requests[0].prompt == TestRequests.all[0].prompt ? expected : expected.reversed()))
            #expect(batch.preemptions > 0)
        }
    }

    @Test("behind told ids, however many, alone and beside others", arguments: TestDecoder.precisions)
    func told(precision: Precision) throws {
        let decoder = try TestDecoder.make(precision)
        let expected = try Self.alone(decoder)
        for share in [0.01, 0.5, 0.99, 1] {
            let counts = expected.map { max(1, Int(Double($0.ids.count) * share)) }
            let requests = zip(TestRequests.all, zip(expected, counts)).map { $0.with(told: Array($1.0.ids[..<$1.1])) }
            for (index, story) in try TestDecoder.batch(decoder, size: 6, pages: 20).run(requests).enumerated() {
                let count = counts[index]
                #expect(story.done == expected[index].ids, "request \(index) behind \(count) told ids")
                #expect(story.logprobs == Array(expected[index].logprobs[count...]))
                #expect(story.first == (count < expected[index].ids.count ? count : nil))
            }
        }
    }

    @Test("behind a prefix that an earlier request has left, and while it is still being answered", arguments: TestDecoder.precisions)
    func cached(precision: Precision) throws {
        let decoder = try TestDecoder.make(precision)
        let expected = try Self.alone(decoder).map(\.answer)
        let requests = TestRequests.all.map { $0.with(cachesPrefix: true) }
        let batch = TestDecoder.batch(decoder, size: 6)
        let first = try batch.run(requests)
        #expect(first.map(\.answer) == expected && first.allSatisfy { $0.cached == 0 })
        // Cuts of the third: 50 and 300, the ends of its images; of the fifth: 256.
        let second = try batch.run(requests + requests)
        #expect(second.map(\.answer) == expected + expected)
        let cached = [0, 0, 300, 0, 256, 0]
        #expect(second.map(\.cached) == cached + cached)
        #expect(batch.cachedTokens == 2 * 556)
        #expect(second[2].reads == [330])
    }

    @Test("in a pool so small that prefixes are given up and requests paused all the time", arguments: TestDecoder.precisions, [12, 14, 16])
    func everything(precision: Precision, pages: Int) throws {
        let decoder = try TestDecoder.make(precision)
        let expected = try Self.alone(decoder)
        let batch = TestDecoder.batch(decoder, size: 3, pages: pages)
        for round in 0..<4 {
            let requests = TestRequests.all.enumerated().map { index, request in
                let told = (index + round) % 3 == 0 ? Array(expected[index].ids[..<(expected[index].ids.count / 3)]) : []
                return request.with(told: told, cachesPrefix: true)
            }
            // What came last is what is still kept.
            let stories = try batch.run(round % 2 == 0 ? requests : requests.reversed())
            #expect(stories.map(\.done) == (round % 2 == 0 ? expected : expected.reversed()).map(\.done), "round \(round)")
        }
        #expect(batch.preemptions > 0 && batch.cachedTokens > 0)
    }
}
