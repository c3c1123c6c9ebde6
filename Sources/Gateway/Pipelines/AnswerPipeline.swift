import Domain
package import Wire

/// How far one question is, and what comes next: vision for every image, then text.
///
/// When a text stage is lost, the next one goes on behind the ids that the lost one has sent: the caller hears every word once.
package struct AnswerPipeline: Pipeline {
    package let question: Question
    /// Version of the program, for the answer.
    private let build: String
    private var rows: [PictureRows?]
    private var answer = GrowingAnswer()
    private var result: AnswerResult?
    /// Fingerprint of the model that `answer` is from.
    private var answering: String?
    private var record = StageRecord()

    package init(_ question: Question, build: String) {
        self.question = question
        self.build = build
        rows = question.images.map { _ in nil }
    }

    package var next: PipelineStep<AnswerQuestionEvent, Answer> {
        get throws(CallError) {
            if rows.contains(nil) { return .calls(embeddings, news: .progress(embedded)) }
            if let result { return .done(whole(result)) }
            return .calls([StageCall(try textRequest(), units: question.units[.text] ?? 0)], news: nil)
        }
    }

    private var embeddings: [StageCall] {
        zip(question.conversation.images, question.images).enumerated().map { index, image in
            StageCall(
                index: index, .embed(EmbedRequest(image: image.0, maxPixels: question.parameters.options.maxPixels)), units: Double(image.1.tokens))
        }
    }

    private var embedded: Progress { Progress(stage: StageKind.vision.rawValue, done: rows.count { $0 != nil }, total: rows.count) }

    private func textRequest() throws(CallError) -> StageRequest {
        do {
            return .answer(
                try AnswerRequest(
                    conversation: question.conversation.withoutImages, pictures: rows.compactMap(\.self), parameters: question.parameters,
                    told: answer.ids))
        } catch {
            throw Self.misfit(error.message)
        }
    }

    package func request(of call: StageCall, model: String?) throws(CallError) -> StageRequest {
        guard call.request.kind == .text, !answer.ids.isEmpty else { return call.request }
        guard model == answering else {
            throw CallError(.aborted, "the model was replaced while it answered, and another would not go on with the same words; ask again")
        }
        return try textRequest()
    }

    package mutating func received(
        _ event: StageEvent, for call: StageCall, from source: StageSource
    ) throws(CallError) -> AnswerQuestionEvent? {
        record.computed(by: call.request.kind, source)
        switch event {
        case .embedded(let embedding):
            // In any order.
            let count = embedding.rows.grid.count, expected = question.images[call.index].tokens
            guard count == expected else { throw Self.misfit("vision made \(count) rows of an image of \(expected) tokens") }
            rows[call.index] = embedding.rows
            record.finished(embedding.timings, .vision, source)
            return .progress(embedded)
        case .answer(let event):
            answering = source.fingerprint
            return try received(event, source)
        case .encoded, .text, .diffusion: preconditionFailure("no call of a question is answered by \(event)")
        }
    }

    private mutating func received(_ event: AnswerTokensEvent, _ source: StageSource) throws(CallError) -> AnswerQuestionEvent? {
        switch event {
        case .layout(let layout): return answer.begin(layout) ? .layout(layout) : nil
        case .reading(let reading):
            guard let total = answer.read(reading.tokens) else { return nil }
            return .progress(Progress(stage: StageKind.text.rawValue, done: reading.tokens, total: total))
        case .delta(let delta):
            let known = answer.ids.count
            guard answer.append(delta) else { throw Self.misfit("text sent \(delta.ids.count) tokens from \(delta.first) where \(known) were known") }
            record.contributed(.text, source)
            return .delta(delta)
        case .result(let result):
            self.result = result
            record.finished(result.timings, .text, source)
            return nil
        }
    }

    /// Vision calls its one image "image"; the caller sent several.
    package func refusal(_ error: CallError, of call: StageCall) -> CallError {
        guard error.status == .invalidArgument, call.request.kind == .vision else { return error }
        var error = error
        error.message = "image \(call.index) of the messages: \(error.message.trimmingPrefix("image: "))"
        return error
    }

    /// Deltas that the caller has not taken yet are told together, and of the reading only how far it is.
    package static func merge(_ news: AnswerQuestionEvent, into last: inout AnswerQuestionEvent) -> Bool {
        switch (news, last) {
        case (.delta(let delta), .delta(var merged)):
            guard merged.merge(delta) else { return false }
            last = .delta(merged)
            return true
        case (.progress(let progress), .progress(let before)) where progress.stage == before.stage:
            last = news
            return true
        default: return false
        }
    }

    private func whole(_ result: AnswerResult) -> Answer {
        Answer(
            text: answer.text, reasoning: answer.reasoning, finish: result.finish, usage: result.usage, boxes: boxes(result.boxes),
            parameters: question.parameters, modelFingerprint: record.fingerprint, build: build, numerics: record.numerics, timings: record.timings)
    }

    /// In pixels where it is certain which image they mean.
    private func boxes(_ boxes: [AnswerBox]) -> [AnswerBox] {
        guard question.images.count == 1, let image = question.images.first else { return boxes }
        return boxes.map { $0.inPixels(height: image.height, width: image.width) }
    }

    private static func misfit(_ what: String) -> CallError {
        CallError(.internalError, "a stage has answered what does not fit the request: \(what)")
    }
}
