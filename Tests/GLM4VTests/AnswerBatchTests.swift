import Decoding
import Domain
import GLM4V
import Tensor
import TensorCPU
import TestSupport
import Testing
import Tokenizing

/// Requests that are answered together.
@Suite struct AnswerBatchTests {
    struct Stop: Error {}

    /// All that a batch says of one request until it ends.
    struct Story {
        var admitted: AnswerLayout?
        var read: [Int] = []
        var deltas: [AnswerDelta] = []
        var result: AnswerResult?
        var error: (any Error)?

        var ids: [Int32] { deltas.flatMap(\.ids) }
        var text: String { deltas.map(\.text).joined() }
    }

    static func batch(_ model: TokenizerFiles.Model = .glm46V, _ precision: Precision = .f32, size: Int = 1, pages: Int = 400) throws -> AnswerBatch {
        try RandomModel.with(model) { folder in
            let generator = try AnswerGenerator(model: folder, device: CPUDevice(threads: 2, precision: precision))
            return AnswerBatch(generator, size: size, cacheBytes: pages * 64 * generator.decoder.cacheBytesPerToken)
        }
    }

    static func picture(_ height: Int, _ width: Int, seed: UInt64, columns: Int = RandomModel.hidden) throws -> PictureRows {
        var random = SeededRandom("rows", seed: seed)
        let values = (0..<height * width * columns).map { _ in Float.random(in: -1...1, using: &random) }
        return try PictureRows(
            grid: GridSize(height: height, width: width), columns: columns, element: .f32, bytes: values.withUnsafeBytes { Array($0) })
    }

    static func request(
        _ text: String, _ pictures: [PictureRows] = [], told: [Int32] = [], _ change: (inout AnswerOptions) -> Void = { _ in }
    ) throws -> AnswerRequest {
        var options = AnswerOptions(maxTokens: 24, seed: 1)
        change(&options)
        let parts = pictures.map { _ in ChatMessage.Part.image([]) } + [.text(text)]
        return try AnswerRequest(
            conversation: Conversation([ChatMessage(role: .user, parts: parts)]), pictures: pictures, parameters: AnswerParameters(options),
            told: told)
    }

    /// Conversations, pictures and ways to sample that differ.
    static func requests() throws -> [AnswerRequest] {
        [
            try request("What is it?", [picture(3, 2, seed: 1)]),
            try request("What is it?", [picture(2, 3, seed: 1)]) { $0.seed = 2 },
            try request("Two?", [picture(4, 4, seed: 2), picture(1, 5, seed: 3)]) { $0.logprobs = 3 },
            try request(String(repeating: "a long question, ", count: 40)) { $0.temperature = 0 },
            try request("hot") { ($0.temperature, $0.topK, $0.minP) = (2, 50, 0.001) },
            try request("penalties") { ($0.repetitionPenalty, $0.presencePenalty, $0.frequencyPenalty) = (1.3, 0.5, 0.2) },
            try request("cut") { ($0.maxTokens, $0.stop, $0.raw) = (60, ["a", "e", "\n"], true) },
            try request("one") { $0.maxTokens = 1 },
        ]
    }

    static func run(_ batch: AnswerBatch, _ stories: inout [Int: Story], rounds: Int = .max, check: (Int) throws -> Void = { _ in }) throws {
        for _ in 0..<rounds {
            if batch.isEmpty { return }
            try batch.advance(checkCancellation: check) { event in
                switch event {
                case .admitted(let ticket, let layout): stories[ticket, default: Story()].admitted = layout
                case .read(let ticket, let tokens): stories[ticket, default: Story()].read.append(tokens)
                case .delta(let ticket, let delta): stories[ticket, default: Story()].deltas.append(delta)
                case .done(let ticket, let result): stories[ticket, default: Story()].result = result
                case .failed(let ticket, let error): stories[ticket, default: Story()].error = error
                }
            }
        }
    }

    static func alone(_ request: AnswerRequest, _ batch: AnswerBatch) throws -> Story {
        let ticket = try batch.add(request).ticket
        var stories: [Int: Story] = [:]
        try run(batch, &stories)
        return try #require(stories[ticket])
    }

    @Test("the answer to a request is the same alone and in any batch, to the last word", arguments: Precision.allCases)
    func sameInBatch(precision: Precision) throws {
        let requests = try Self.requests()
        let expected = try requests.map { try Self.alone($0, Self.batch(.glm46V, precision)) }
        #expect(Set(expected.map(\.ids)).count == expected.count)
        for size in [3, 16] {
            let batch = try Self.batch(.glm46V, precision, size: size)
            var stories: [Int: Story] = [:]
            var tickets: [Int] = []
            for (index, request) in requests.enumerated() {
                tickets.append(try batch.add(request).ticket)
                try Self.run(batch, &stories, rounds: 2 * index)
            }
            try Self.run(batch, &stories)
            for (index, ticket) in tickets.enumerated() {
                let story = try #require(stories[ticket])
                #expect(story.deltas == expected[index].deltas, "request \(index) in a batch of \(size)")
                #expect(story.result?.finish == expected[index].result?.finish)
            }
        }
    }

    @Test("an answer goes on behind what another stage has told, never twice and never different, wherever that ended")
    func told() throws {
        for request in try Self.requests() {
            let whole = try Self.alone(request, Self.batch())
            for count in Set([0, 1, whole.ids.count / 2, whole.ids.count - 1, whole.ids.count]) {
                let rest = try AnswerRequest(
                    conversation: request.conversation, pictures: request.pictures, parameters: request.parameters,
                    told: Array(whole.ids.prefix(count)))
                let story = try Self.alone(rest, Self.batch())
                #expect(story.deltas == Array(whole.deltas.dropFirst(count)), "behind \(count) of \(whole.ids.count)")
                #expect(story.result?.finish == whole.result?.finish && story.result?.usage.completionTokens == whole.ids.count)
                #expect(story.result?.usage.reasoningTokens == whole.result?.usage.reasoningTokens && story.result?.boxes == whole.result?.boxes)
            }
        }
    }

    @Test("a prompt that was read before is not read again, and answered the same; the usage says so")
    func prefix() throws {
        let text = String(repeating: "the same long words, ", count: 40)
        let batch = try Self.batch(size: 2)
        let request = try Self.request(text, [Self.picture(3, 2, seed: 1)])
        let first = try Self.alone(request, batch)
        let second = try Self.alone(request, batch)
        #expect(first.result?.usage.cachedTokens == 0)
        #expect(second.admitted?.cachedTokens ?? 0 > 0 && second.result?.usage.cachedTokens == second.admitted?.cachedTokens)
        #expect(second.deltas == first.deltas)
        // Another picture of the same size, and the same rows in another shape.
        for other in [try Self.picture(3, 2, seed: 2), try Self.picture(2, 3, seed: 1)] {
            let fresh = try Self.request(text, [other])
            let story = try Self.alone(fresh, batch)
            #expect(story.deltas == (try Self.alone(fresh, Self.batch())).deltas)
            #expect(story.result?.usage.cachedTokens ?? 0 < second.result?.usage.cachedTokens ?? 0)
        }
    }

    @Test("usage counts the tokens of prompt, images, answer and thoughts; deltas are numbered; reading is told to its end")
    func usage() throws {
        let batch = try Self.batch()
        let request = try Self.request("Q", [Self.picture(3, 2, seed: 1), Self.picture(1, 1, seed: 2)])
        let layout = try batch.add(request).layout
        var stories: [Int: Story] = [:]
        try Self.run(batch, &stories)
        let story = try #require(stories.values.first)
        let usage = try #require(story.result?.usage)
        #expect(layout.promptTokens == 3 + 1 + 8 + 3 + 1 + 2 && layout.maxTokens == 24 && usage.promptTokens == layout.promptTokens)
        #expect(usage.imageTokens == 7 && usage.completionTokens == story.ids.count)
        #expect(story.deltas.map(\.first) == Array(0..<story.deltas.count))
        #expect(story.read.last == layout.promptTokens && story.read == story.read.sorted())
    }

    @Test("only ids of tokens are sampled, although the head has more rows")
    func idsOfTokens() throws {
        let limit = Int32(256 + TokenizerFiles.marks(.glm46V).count)
        let batch = try Self.batch(size: 8)
        var stories: [Int: Story] = [:]
        for seed in 0..<16 {
            _ = try batch.add(
                Self.request("hot") { ($0.seed, $0.temperature, $0.maxTokens, $0.logprobs) = (UInt64(seed), 10, 60, seed % 2 == 0 ? 5 : nil) })
        }
        try Self.run(batch, &stories)
        let ids = stories.values.flatMap(\.ids)
        #expect(ids.count > 100 && ids.allSatisfy { (0..<limit).contains($0) })
        let logprobs = stories.values.flatMap(\.deltas).flatMap(\.logprobs)
        #expect(!logprobs.isEmpty && logprobs.allSatisfy { $0.alternatives.count == 5 && $0.token.logprob <= 0 && !$0.token.bytes.isEmpty })
    }

    @Test("ids that no token has among those of tokens are not sampled either")
    func unassigned() throws {
        let first = Int32(256 + TokenizerFiles.marks(.glm46V).count)
        try RandomModel.with(more: ["more"], gap: 40) { folder in
            let generator = try AnswerGenerator(model: folder, device: CPUDevice(threads: 2))
            let batch = AnswerBatch(generator, size: 8, cacheBytes: 100 * 64 * generator.decoder.cacheBytesPerToken)
            var stories: [Int: Story] = [:]
            for seed in 0..<16 {
                _ = try batch.add(Self.request("hot") { ($0.seed, $0.temperature, $0.maxTokens) = (UInt64(seed), 10, 60) })
            }
            try Self.run(batch, &stories)
            let ids = stories.values.flatMap(\.ids)
            #expect(ids.count > 100 && ids.allSatisfy { $0 < first || $0 == first + 40 })
        }
    }

    @Test("a thought ends within its budget, and what follows is the answer", arguments: TokenizerFiles.Model.allCases)
    func budget(model: TokenizerFiles.Model) throws {
        let tokenizer = try TokenizerFiles.tokenizer(model)
        let open = try #require(tokenizer.id(of: "<think>")), close = try #require(tokenizer.id(of: "</think>"))
        let request = try Self.request("Q", told: [open]) { ($0.thinkingBudget, $0.maxTokens) = (5, 40) }
        let story = try Self.alone(request, Self.batch(model))
        let closed = try #require(([open] + story.ids).firstIndex(of: close))
        #expect(closed <= 6 && story.result?.usage.reasoningTokens ?? 0 == closed - 1)
        if model == .glm41V, closed == 6 { #expect(story.ids[closed] == tokenizer.id(of: "<answer>")) }
    }

    @Test("without max_tokens an answer may take what context and cache have left")
    func openEnd() throws {
        let open = try Self.request("Q") { $0.maxTokens = nil }
        #expect(try Self.batch(pages: 400).add(open).layout.maxTokens == RandomModel.maximumPositions - 7)
        // The last token takes no place.
        #expect(try Self.batch(pages: 2).add(open).layout.maxTokens == 128 - 7 + 1)
    }

    @Test("what the model or the stage can't do is refused, naming field, limit and value")
    func refused() throws {
        let batch = try Self.batch(pages: 2)
        func refusal(_ request: AnswerRequest) -> String {
            do {
                _ = try batch.add(request)
                return "nothing was refused"
            } catch {
                return error is RequestError ? "\(error)" : "another error: \(error)"
            }
        }
        #expect(refusal(try Self.request("Q") { $0.maxTokens = 5000 }).contains("max_tokens 5000"))
        #expect(refusal(try Self.request("Q") { $0.thinkingBudget = 5000 }).contains("thinking_budget 5000"))
        #expect(refusal(try Self.request("Q") { $0.maxTokens = 1000 }).contains("cache has 2"))
        #expect(refusal(try Self.request(String(repeating: "a", count: 200)) { $0.maxTokens = nil }).contains("room for 128"))
        #expect(refusal(try Self.request("Q", [Self.picture(1, 1, seed: 1, columns: 16)])).contains("pictures[0] has rows of 16"))
        let end = try #require(TokenizerFiles.tokenizer(.glm46V).id(of: "<|user|>"))
        #expect(refusal(try Self.request("Q", told: [1, end, 2])).contains("ends after 2"))
        #expect(refusal(try Self.request("Q", told: [1, 300])).contains("told[1] is 300"))
        #expect(refusal(try Self.request("Q", told: Array(repeating: 1, count: 25))).contains("ends after 24"))
        #expect(batch.isEmpty)
    }

    @Test("a request that nobody waits for leaves, and the others go on as they would")
    func cancelled() throws {
        let batch = try Self.batch(size: 2)
        let kept = try Self.requests()[0]
        let gone = try batch.add(Self.requests()[4]).ticket
        let ticket = try batch.add(kept).ticket
        var stories: [Int: Story] = [:]
        try Self.run(batch, &stories, rounds: 4)
        try Self.run(batch, &stories) { if $0 == gone { throw Stop() } }
        #expect(stories[gone]?.error is Stop && stories[gone]?.result == nil)
        #expect(stories[ticket]?.deltas == (try Self.alone(kept, Self.batch())).deltas)
    }

    @Test("a checkpoint that names no token to end with, or has tensors that no part knows, is refused")
    func brokenModel() throws {
        #expect(throws: (any Error).self) {
            try RandomModel.with(configure: { configuration, _ in
                var text = configuration["text_config"] as? [String: Any] ?? [:]
                text["eos_token_id"] = nil
                configuration["text_config"] = text
            }) { try AnswerGenerator(model: $0, device: CPUDevice(threads: 1)) }
        }
        #expect(throws: (any Error).self) {
            try RandomModel.with(configure: { configuration, _ in
                var text = configuration["text_config"] as? [String: Any] ?? [:]
                text["num_hidden_layers"] = 1
                configuration["text_config"] = text
            }) { try AnswerGenerator(model: $0, device: CPUDevice(threads: 1)) }
        }
    }
}
