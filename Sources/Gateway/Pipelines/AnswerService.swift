import Domain
public import Logging
import ServerKit
import Tracing
import Wire

/// Answers questions: checks requests, takes them through the stages, and counts.
public actor AnswerService {
    private let runner: PipelineRunner
    private let logger: Logger
    /// Answers by the model's name.
    private(set) var answersByModel: [String: Int] = [:]
    var answers: Int { answersByModel.values.reduce(0, +) }

    public init(runner: PipelineRunner, logger: Logger) {
        self.runner = runner
        self.logger = logger
    }

    /// - Parameters:
    ///   - requester: whose turn it is among others.
    ///   - arrival: when the question came.
    ///   - deadline: the caller's.
    ///   - send: called in order with all but the answer; what it throws ends the work.
    func answer(
        _ request: AnswerQuestionRequest, requestID: String, by requester: Caller, since arrival: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant?, send: @escaping Send<AnswerQuestionEvent>
    ) async throws -> Answer {
        let metrics = AnswerMetrics()
        let (question, models) = try await runner.admissions.deciding { [runner] in
            let conversation = try QuestionRules.conversation(request)
            let models = try await runner.fleet.modelSet(
                named: request.model, within: requester.models, pipeline: .answer, for: PipelineID.answer.stages(sources: conversation.imageCount))
            // 32 bits: people can type them.
            let question = try await runner.fleet.questionRules(models).validate(
                request, conversation, requestID: requestID, seed: UInt64(UInt32.random(in: .min ... .max)))
            return (question, models)
        }
        let origin = PipelineRunner.Origin(requestID: requestID, arrival: arrival, requester: requester, deadline: deadline)
        let pipeline = AnswerPipeline(question, build: Build.version)
        var answer = try await withSpan("answer") { span in
            span.describe(question, models)
            let answer = try await runner.run(pipeline, question.units, models, from: origin, rowCount: question.imageTokens) {
                log(question, models)
                try await send(.accepted(question.accepted(models)))
            } place: {
                try await send(.place($0))
            } tell: { event in
                if case .delta = event { metrics.firstToken() }
                try await send(event)
            }
            span.describe(answer.usage)
            return answer
        }
        answer.modelName = models.name
        answersByModel[models.name, default: 0] += 1
        metrics.answered(answer)
        return answer
    }

    nonisolated private func log(_ question: Question, _ models: ModelSet) {
        let options = question.parameters.options
        logger.info(
            "accepted",
            metadata: [
                "model": "\(models.name)", "messages": "\(question.conversation.messages.count)",
                "images": "\(question.images.count)", "image_tokens": "\(question.imageTokens)",
                "max_tokens": "\(options.maxTokens.map(String.init) ?? "context")", "seed": "\(question.parameters.seed)",
            ])
    }
}
