import Domain
import Gateway
import Testing
import Wire

@Suite struct AnswerPipelineTests {
    private static let parameters = try! AnswerParameters(AnswerOptions(maxTokens: 9, seed: 7, maxPixels: 4096))

    /// About as many images of 64 × 32 pixels, which take two tokens each.
    private func pipeline(images: Int) -> AnswerPipeline {
        let parts = (0..<images).map { ChatMessage.Part.image(image($0)) } + [.text("what?")]
        return AnswerPipeline(
            Question(
                requestID: "r", conversation: try! Conversation([ChatMessage(role: .user, parts: parts)]),
                images: (0..<images).map { _ in QuestionImage(height: 60, width: 200, resizedHeight: 64, resizedWidth: 32, tokens: 2) },
                parameters: Self.parameters), build: "1")
    }

    private func image(_ index: Int) -> [UInt8] { [0x89, UInt8(index)] }
    private func rows(_ value: UInt8, count: Int = 2) -> PictureRows {
        try! PictureRows(grid: GridSize(height: count, width: 1), columns: 1, element: .bf16, bytes: Array(repeating: value, count: 2 * count))
    }

    private func source(_ instance: String, _ fingerprint: String = "aa", precision: String = "f32", insteadOf: String? = nil) -> StageSource {
        StageSource(
            instance: instance, fingerprint: fingerprint, numerics: Numerics(precision: precision),
            insteadOf: insteadOf.map { Numerics(precision: $0) })
    }

    private func calls(_ pipeline: AnswerPipeline) throws -> [StageCall] {
        if case .calls(let calls, _) = try pipeline.next { calls } else { [] }
    }

    private func answer(_ pipeline: AnswerPipeline) throws -> Answer? { if case .done(let answer) = try pipeline.next { answer } else { nil } }

    private func delta(_ first: Int, _ text: String, reasoning: String = "") -> AnswerDelta {
        AnswerDelta(first: first, ids: [Int32(first)], reasoning: reasoning, text: text)
    }

    private func told(_ call: StageCall, _ pipeline: AnswerPipeline, model: String = "aa") throws -> AnswerRequest? {
        if case .answer(let request) = try pipeline.request(of: call, model: model) { request } else { nil }
    }

    @Test("every image goes to vision with the request's bound, its rows to text in the order of the messages, the words to the caller")
    func order() throws {
        var pipeline = pipeline(images: 2)
        let embeddings = try calls(pipeline)
        #expect(embeddings.map(\.request) == (0..<2).map { .embed(EmbedRequest(image: image($0), maxPixels: 4096)) })
        #expect(embeddings.map(\.units) == [2, 2])
        let first = try pipeline.received(.embedded(Embedding(rows: rows(2))), for: embeddings[1], from: source("v"))
        #expect(first == .progress(Progress(stage: "vision", done: 1, total: 2)))
        _ = try pipeline.received(.embedded(Embedding(rows: rows(1))), for: embeddings[0], from: source("v"))

        let call = try #require(try calls(pipeline).first)
        let request = try #require(try told(call, pipeline))
        #expect(request.pictures == [rows(1), rows(2)] && request.told == [] && request.parameters == Self.parameters)
        #expect(request.conversation.images == [[], []])
        let layout = AnswerLayout(promptTokens: 8, cachedTokens: 3, maxTokens: 9)
        #expect(try pipeline.received(.answer(.layout(layout)), for: call, from: source("t")) == .layout(layout))
        #expect(
            try pipeline.received(.answer(.reading(PromptReading(tokens: 5))), for: call, from: source("t"))
                == .progress(Progress(stage: "text", done: 5, total: 8)))
        #expect(try pipeline.received(.answer(.reading(PromptReading(tokens: 0))), for: call, from: source("t")) == nil)
        for delta in [delta(0, "", reasoning: "hm"), delta(1, "a "), delta(2, "cat")] {
            #expect(try pipeline.received(.answer(.delta(delta)), for: call, from: source("t")) == .delta(delta))
        }
        #expect(try answer(pipeline) == nil)
        let usage = AnswerUsage(promptTokens: 8, cachedTokens: 3, imageTokens: 4, completionTokens: 3, reasoningTokens: 1)
        let result = AnswerResult(finish: .length, usage: usage, timings: [Timing(phase: "decode", seconds: 1)])
        #expect(try pipeline.received(.answer(.result(result)), for: call, from: source("t")) == nil)
        let answer = try #require(try answer(pipeline))
        #expect(answer.text == "a cat" && answer.reasoning == "hm" && answer.finish == .length && answer.usage == usage)
        #expect(answer.modelFingerprint == "vision:aa,text:aa" && answer.numerics.map(\.stage) == ["vision", "text"])
        #expect(answer.timings == [StageTiming(stage: "text", instance: "t", phase: "decode", seconds: 1)])
    }

    @Test("a text stage that takes another's place is told the ids that were sent; the caller hears only what follows")
    func resumed() throws {
        var pipeline = pipeline(images: 0)
        let call = try #require(try calls(pipeline).first)
        let layout = AnswerLayout(promptTokens: 8, maxTokens: 9)
        _ = try pipeline.received(.answer(.layout(layout)), for: call, from: source("0"))
        for (index, word) in ["a ", "b "].enumerated() {
            _ = try pipeline.received(.answer(.delta(delta(index, word))), for: call, from: source("0"))
        }
        #expect(try told(call, pipeline)?.told == [0, 1])

        let other = source("1", precision: "bf16", insteadOf: "f32")
        #expect(try pipeline.received(.answer(.layout(layout)), for: call, from: other) == nil)
        #expect(try pipeline.received(.answer(.reading(PromptReading(tokens: 8))), for: call, from: other) == nil)
        #expect(try pipeline.received(.answer(.delta(delta(2, "c"))), for: call, from: other) == .delta(delta(2, "c")))
        _ = try pipeline.received(.answer(.result(AnswerResult())), for: call, from: other)
        let answer = try #require(try answer(pipeline))
        #expect(answer.text == "a b c")
        #expect(answer.numerics.map(\.numerics.precision) == ["f32", "bf16"])
        #expect(answer.numerics.map(\.insteadOf) == [nil, Numerics(precision: "f32")])
    }

    @Test("words of one model are not gone on with by another")
    func replacedModel() throws {
        var pipeline = pipeline(images: 0)
        let call = try #require(try calls(pipeline).first)
        #expect(try told(call, pipeline, model: "bb")?.told == [])
        _ = try pipeline.received(.answer(.delta(delta(0, "a"))), for: call, from: source("0"))
        let refusal = #expect(throws: CallError.self) { try pipeline.request(of: call, model: "bb") }
        #expect(refusal?.status == .aborted)
    }

    @Test("tokens that repeat others or leave some out, and rows that are not as many as the image has tokens, are INTERNAL")
    func misfits() throws {
        var pipeline = pipeline(images: 0)
        let call = try #require(try calls(pipeline).first)
        _ = try pipeline.received(.answer(.delta(delta(0, "a"))), for: call, from: source("0"))
        for first in [0, 2] {
            let refusal = #expect(throws: CallError.self) {
                try pipeline.received(.answer(.delta(delta(first, "b"))), for: call, from: source("0"))
            }
            #expect(refusal?.status == .internalError)
        }
        var picture = self.pipeline(images: 1)
        let embedding = try #require(try calls(picture).first)
        #expect(
            throws: CallError(
                .internalError, "a stage has answered what does not fit the request: vision made 3 rows of an image of 2 tokens")
        ) { try picture.received(.embedded(Embedding(rows: rows(1, count: 3))), for: embedding, from: source("v")) }
    }

    @Test("boxes are told in pixels of the only image, and not where several could be meant", arguments: [1, 2])
    func boxes(images: Int) throws {
        var pipeline = pipeline(images: images)
        for call in try calls(pipeline) { _ = try pipeline.received(.embedded(Embedding(rows: rows(1))), for: call, from: source("v")) }
        let call = try #require(try calls(pipeline).first)
        let result = AnswerResult(boxes: [AnswerBox(coordinates: [0, 500, 1000, 999])])
        _ = try pipeline.received(.answer(.result(result)), for: call, from: source("t"))
        #expect(try answer(pipeline)?.boxes.first?.pixels == (images == 1 ? [0, 30, 200, 60] : []))
    }

    @Test("what the caller has not taken yet is told together, up to 256 tokens")
    func merged() {
        var last = AnswerQuestionEvent.delta(delta(0, "a", reasoning: "x"))
        #expect(AnswerPipeline.merge(.delta(delta(1, "b")), into: &last))
        #expect(last == .delta(AnswerDelta(first: 0, ids: [0, 1], reasoning: "x", text: "ab")))
        var full = AnswerQuestionEvent.delta(AnswerDelta(first: 0, ids: (0..<256).map { $0 }))
        #expect(!AnswerPipeline.merge(.delta(delta(256, "b")), into: &full))
        var progress = AnswerQuestionEvent.progress(Progress(stage: "text", done: 1, total: 8))
        #expect(AnswerPipeline.merge(.progress(Progress(stage: "text", done: 5, total: 8)), into: &progress))
        #expect(progress == .progress(Progress(stage: "text", done: 5, total: 8)))
        #expect(!AnswerPipeline.merge(.delta(delta(0, "a")), into: &progress))
    }

    @Test("what vision refuses of an image is told with the image's place")
    func refusal() throws {
        let pipeline = pipeline(images: 2)
        let call = try calls(pipeline)[1]
        #expect(
            pipeline.refusal(CallError(.invalidArgument, "image: broken"), of: call)
                == CallError(.invalidArgument, "image 1 of the messages: broken"))
        #expect(pipeline.refusal(CallError(.internalError, "image: broken"), of: call) == CallError(.internalError, "image: broken"))
    }
}
