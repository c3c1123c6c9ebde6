import Decoding
import ModelConfiguration
import TestSupport
import Testing

/// Sequences take pages as they grow.
@Suite struct GrowthTests {
    @Test("six requests that outgrow the pool together all end, and the first of them is never held up")
    func sixGrow() throws {
        let batch = TestDecoder.batch(try TestDecoder.make(), size: 6, pages: 12)
        let tickets = try (0..<6).map { try batch.add(TestRequests.make(prompt: 10, limit: 500, seed: UInt64($0))) }
        var stories: [Int: Story] = [:]
        // One token in each round, and the first chunk's round has two.
        try batch.run(&stories, rounds: 499)
        #expect(stories[tickets[0]]?.done?.count == 500)
        try batch.run(&stories)
        #expect(tickets.allSatisfy { stories[$0]?.done?.count == 500 })
        #expect(batch.preemptions > 0 && batch.freePages == 12)
    }

    @Test("a request is admitted with its prompt's pages and one more, never with more than it can use")
    func admission() throws {
        let batch = TestDecoder.batch(try TestDecoder.make(), size: 4, pages: 100)
        var stories: [Int: Story] = [:]
        let held = { batch.pageCount - batch.freePages }
        _ = try batch.add(TestRequests.make(prompt: 64, limit: 1000, seed: 1))
        try batch.run(&stories, rounds: 1)
        #expect(held() == 2)
        _ = try batch.add(TestRequests.make(prompt: 60, limit: 5, seed: 2))
        try batch.run(&stories, rounds: 1)
        #expect(held() == 3)
        _ = try batch.add(TestRequests.make(prompt: 65, limit: 1000, seed: 3))
        try batch.run(&stories, rounds: 1)
        #expect(held() == 6)
        batch.removeAll()
        #expect(held() == 0)
    }

    @Test("finished and cancelled requests, pauses and prefixes in any order lose no page, and starve nobody")
    func random() throws {
        struct Leave: Error {}
        var random = SeededRandom("GrowthTests.random")
        let decoder = try TestDecoder.make()
        for _ in 0..<6 {
            let batch = TestDecoder.batch(decoder, size: .random(in: 1...5, using: &random), pages: .random(in: 8...16, using: &random))
            var stories: [Int: Story] = [:]
            var requests: [Int: DecodingRequest] = [:]
            var gone: Set<Int> = []
            for _ in 0..<12 {
                // Few seeds, so that prompts begin alike.
                let request = TestRequests.make(
                    prompt: .random(in: 1...300, using: &random), limit: .random(in: 1...150, using: &random), greedy: .random(using: &random),
                    shaping: .random(using: &random) ? .none : LogitShaping(frequencyPenalty: 0.5), seed: .random(in: 0...2, using: &random),
                    cachesPrefix: .random(using: &random))
                requests[try batch.add(request)] = request
                let leaving = requests.keys.filter { _ in Int.random(in: 0..<10, using: &random) == 0 }
                for _ in 0..<Int.random(in: 0...60, using: &random) {
                    try batch.advance { ticket in
                        if leaving.contains(ticket) { throw Leave() }
                    } onEvent: { event in
                        if case .failed(let ticket, _) = event { gone.insert(ticket) } else { stories[event.ticket, default: Story()].add(event) }
                    }
                }
                if let ticket = requests.keys.randomElement(using: &random), stories[ticket]?.done == nil, Int.random(in: 0..<4, using: &random) == 0
                {
                    batch.finish(ticket)
                    gone.insert(ticket)
                }
            }
            try batch.run(&stories)
            #expect(batch.freePages == batch.pageCount)
            for (ticket, request) in requests where !gone.contains(ticket) {
                let alone = try TestDecoder.batch(decoder, size: 1).run([request.with(cachesPrefix: false)])[0]
                #expect(stories[ticket]?.answer == alone.answer, "seed \(random.seed)")
            }
        }
    }

    @Test("a request that its caller finishes, also from an event of its own, is gone with its pages and says nothing more")
    func finish() throws {
        let batch = TestDecoder.batch(try TestDecoder.make(), size: 2)
        let ticket = try batch.add(TestRequests.make(prompt: 3, limit: 50, seed: 1))
        let other = try batch.add(TestRequests.make(prompt: 3, limit: 50, shaping: LogitShaping(logprobs: 0), seed: 2))
        var stories: [Int: Story] = [:]
        while !batch.isEmpty {
            try batch.advance(checkCancellation: { _ in }) { event in
                stories[event.ticket, default: Story()].add(event)
                if case .token(ticket, index: 9, _, _) = event { batch.finish(ticket) }
                if case .token(other, index: 20, _, _) = event { batch.finish(other) }
            }
        }
        #expect(stories[ticket]?.ids.count == 10 && stories[other]?.ids.count == 21)
        #expect(stories.values.allSatisfy { $0.done == nil && $0.error == nil })
        #expect(batch.freePages == batch.pageCount)
    }
}
