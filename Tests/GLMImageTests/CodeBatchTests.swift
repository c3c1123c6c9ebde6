import Decoding
import ModelConfiguration
import Domain
import GLMImage
import ModelFixtures
import Tensor
import TensorCPU
import TestSupport
import Testing

/// Requests that draw their tokens together.
@Suite struct CodeBatchTests {
    struct Stop: Error {}

    /// Sizes, edits, seeds and ways to draw that differ; a prompt of several chunks among them.
    static let requests: [TokenRequest] = [
        Requests.tokens("a cat", 64, 96, seed: 5),
        Requests.tokens("a cat", 64, 96, seed: 6),
        Requests.tokens("make it blue", 96, 64, sources: [Requests.grid(3, 2, [1, 2, 3, 4, 5, 6]), Requests.grid(2, 2, [9, 8, 7, 6])], seed: 7),
        Requests.tokens(String(repeating: "a red circle over a green square, ", count: 30), 32, 32, seed: 8),
        Requests.tokens("greedy", 128, 32, seed: 9, sampling: Sampling(greedy: true)),
        Requests.tokens("hot", 64, 64, seed: 10, sampling: Sampling(temperature: 3, topP: 1, topK: 7)),
        Requests.tokens("one", 32, 32, sources: [Requests.grid(1, 1, [3])], seed: 11),
    ]

    /// - Parameter speculativeTokens: as many are guessed, since all passes seem to take the same time.
    static func batch(_ checkpoint: String, _ precision: Precision = .f32, size: Int, pages: Int = 400, threads: Int = 2, speculativeTokens: Int = 0)
        throws -> CodeBatch
    {
        let generator = try TextGenerator(model: Fixture.model(checkpoint), device: CPUDevice(threads: threads, precision: precision))
        return CodeBatch(
            generator, size: size, cacheBytes: pages * 64 * generator.decoder.cacheBytesPerToken, speculativeTokens: speculativeTokens,
            clock: TickingClock())
    }

    /// All that `batch` says of one request until it ends.
    struct Story {
        var ids: [Int32] = []
        var done: (preview: CodeGrid?, target: CodeGrid)?
        var error: (any Error)?
    }

    static func run(_ batch: CodeBatch, _ stories: inout [Int: Story], rounds: Int = .max, check: (Int) throws -> Void = { _ in }) throws {
        for _ in 0..<rounds {
            if batch.isEmpty { return }
            try batch.advance(checkCancellation: check) { event in
                switch event {
                case .token(let ticket, let index, let id):
                    #expect(index == stories[ticket, default: Story()].ids.count)
                    stories[ticket, default: Story()].ids.append(id)
                case .done(let ticket, let preview, let target):
                    stories[ticket, default: Story()].done = (preview, target)
                case .failed(let ticket, let error):
                    stories[ticket, default: Story()].error = error
                }
            }
        }
    }

    static func alone(_ request: TokenRequest, _ checkpoint: String, _ precision: Precision) throws -> [Int32] {
        let batch = try batch(checkpoint, precision, size: 1, threads: 1)
        let ticket = try batch.add(request).ticket
        var stories: [Int: Story] = [:]
        try run(batch, &stories)
        return stories[ticket]?.ids ?? []
    }

    @Test("the ids of a request are the same alone and in any batch", arguments: Fixture.checkpoints, Precision.allCases)
    func sameInBatch(checkpoint: String, precision: Precision) throws {
        let expected = try Self.requests.map { try Self.alone($0, checkpoint, precision) }
        #expect(Set(expected).count == expected.count)
        for size in [2, 4, 16] {
            let batch = try Self.batch(checkpoint, precision, size: size)
            var stories: [Int: Story] = [:]
            var tickets: [Int] = []
            // They come at different steps; one that nobody waits for leaves early, so that pages change hands.
            for (index, request) in Self.requests.enumerated() {
                tickets.append(try batch.add(request).ticket)
                try Self.run(batch, &stories, rounds: 3 * index)
                if index == 2 {
                    let gone = try batch.add(Self.requests[0]).ticket
                    try Self.run(batch, &stories, rounds: 5)
                    try Self.run(batch, &stories, rounds: 1) { if $0 == gone { throw Stop() } }
                    #expect(stories[gone]?.error is Stop && stories[gone]?.done == nil)
                }
            }
            try Self.run(batch, &stories)
            for (index, ticket) in tickets.enumerated() { #expect(stories[ticket]?.ids == expected[index], "request \(index) in a batch of \(size)") }
            #expect(batch.freePages == batch.pageCount)
        }
    }

    @Test("a request draws exactly its grids, preview first, and the end token", arguments: Fixture.checkpoints)
    func drawsAll(checkpoint: String) throws {
        let batch = try Self.batch(checkpoint, size: 3)
        var stories: [Int: Story] = [:]
        let added = try Self.requests.map { try batch.add($0) }
        try Self.run(batch, &stories)
        for (request, (ticket, layout)) in zip(Self.requests, added) {
            let story = try #require(stories[ticket])
            let done = try #require(story.done)
            #expect(story.ids.count == layout.totalTokens)
            #expect(layout.totalTokens == (layout.preview?.count ?? 0) + layout.target.count + 1)
            // This checkpoint's head may also cover ids that are no codes; the end token is the only one of them drawn.
            #expect((done.preview?.codes ?? []) + done.target.codes == story.ids.dropLast())
            #expect((layout.preview == nil) == !request.sources.isEmpty && done.preview?.size == layout.preview)
            #expect(done.target.size == request.parameters.grid)
        }
    }

    @Test("a request that leaves frees its place and its pages within a round, wherever it stands")
    func leaves() throws {
        let batch = try Self.batch("tiny-f32", size: 2)
        let tickets = try [0, 3, 1, 4].map { try batch.add(Self.requests[$0]).ticket }
        var stories: [Int: Story] = [:]
        // The second reads a prompt of several chunks, the others wait behind it.
        try Self.run(batch, &stories, rounds: 2)
        #expect(stories[tickets[0]]?.ids.isEmpty == false && stories[tickets[1]] == nil)
        var layers = 0
        try Self.run(batch, &stories, rounds: 1) { ticket in
            if ticket == tickets[3] { throw Stop() }
            // Once before the round, then before each layer of the chunk that it reads.
            if ticket == tickets[1] {
                layers += 1
                if layers == 3 { throw Stop() }
            }
        }
        #expect(layers == 3)
        #expect(stories[tickets[1]]?.error is Stop && stories[tickets[3]]?.error is Stop)
        let held = batch.pageCount - batch.freePages
        try Self.run(batch, &stories, rounds: 1)
        #expect(batch.pageCount - batch.freePages > held, "the third has joined")
        batch.removeAll()
        #expect(batch.isEmpty && batch.freePages == batch.pageCount)
        try Self.run(batch, &stories)
        #expect(stories[tickets[0]]?.done == nil && stories[tickets[2]]?.done == nil)
    }

    @Test("a request over the cache is refused with the numbers; one that doesn't fit now waits its turn")
    func budget() throws {
        let batch = try Self.batch("tiny-f32", size: 4, pages: 6)
        #expect(batch.pageCount == 6)
        let error = #expect(throws: RequestError.self) { try batch.add(Requests.tokens("a", 512, 512, seed: 1)) }
        #expect(
            error?.message.contains("513 to draw need 9 pages of 64 tokens, the stage's key-value cache has 6") == true, "\(error?.message ?? "")")
        #expect(throws: RequestError.self) {
            try batch.add(Requests.tokens("a", 64, 64, sources: [Requests.grid(1, 1, [9999])], seed: 1))
        }
        #expect(batch.isEmpty && batch.freePages == 6)

        // 256 + 6 tokens to draw and the prompt's make five pages: two never fit at once, and the edit behind them waits too.
        var stories: [Int: Story] = [:]
        let tickets = try [0, 1, 6].map { try batch.add(Self.requests[$0]).ticket }
        try Self.run(batch, &stories, rounds: 20)
        #expect(Set(stories.keys) == [tickets[0]])
        try Self.run(batch, &stories)
        for (ticket, index) in zip(tickets, [0, 1, 6]) { #expect(try stories[ticket]?.ids == Self.alone(Self.requests[index], "tiny-f32", .f32)) }
        #expect(batch.freePages == 6)
    }

    @Test("those who draw go on while another reads a long prompt")
    func prefillIsBounded() throws {
        let batch = try Self.batch("tiny-f32", size: 2)
        let first = try batch.add(Self.requests[0]).ticket
        var stories: [Int: Story] = [:]
        try Self.run(batch, &stories, rounds: 1)
        let (second, layout) = try batch.add(Self.requests[3])
        let chunks = (layout.promptTokens + DecoderSizes.prefillChunk - 1) / DecoderSizes.prefillChunk
        #expect(chunks > 1)
        let before = stories[first]!.ids.count
        try Self.run(batch, &stories, rounds: chunks)
        #expect(stories[first]!.ids.count == before + chunks)
        #expect(stories[second]!.ids.count == 2)
    }
}
