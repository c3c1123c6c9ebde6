import Domain
import Metrics
import Synchronization
import Telemetry
import Wire

/// What is counted of one question.
final class AnswerMetrics: Sendable {
    /// What each is, for those who read the numbers.
    static let descriptions = [
        MetricDescription("glm_gateway_answers_total", "Answered questions, by model."),
        MetricDescription("glm_gateway_answer_seconds", "One answer, from the question's arrival to its end, by model."),
        MetricDescription("glm_gateway_first_token_seconds", "From the question's arrival to the first token of the answer, by model."),
        MetricDescription("glm_gateway_answer_tokens_total", "Generated tokens of answers, by model."),
        MetricDescription("glm_gateway_prompt_tokens_total", "Tokens of questions' prompts, by model."),
        MetricDescription("glm_gateway_cached_tokens_total", "Of them, those whose keys and values were there already, by model."),
    ]

    private let start = ContinuousClock.now
    private let first = Mutex<ContinuousClock.Instant?>(nil)

    /// A token is told; the first counts.
    func firstToken() { first.withLock { $0 = $0 ?? .now } }

    func answered(_ answer: Answer) {
        let model = [("model", answer.modelName)]
        Counter(label: "glm_gateway_answers_total", dimensions: model).increment()
        Recorder(label: "glm_gateway_answer_seconds", dimensions: model).record(start.duration(to: .now).inSeconds)
        if let first = first.withLock({ $0 }) {
            Recorder(label: "glm_gateway_first_token_seconds", dimensions: model).record(start.duration(to: first).inSeconds)
        }
        Counter(label: "glm_gateway_answer_tokens_total", dimensions: model).increment(by: answer.usage.completionTokens)
        Counter(label: "glm_gateway_prompt_tokens_total", dimensions: model).increment(by: answer.usage.promptTokens)
        Counter(label: "glm_gateway_cached_tokens_total", dimensions: model).increment(by: answer.usage.cachedTokens)
    }
}
