import Domain
import Tracing
import Wire

/// What spans tell of requests: sizes and settings, never words or images. Names of `gen_ai` are OpenTelemetry's, which calls them in development.
extension Span {
    func describe(_ request: ImageRequest, _ models: ModelSet) {
        let parameters = request.parameters
        updateAttributes {
            $0["gen_ai.request.model"] = models.name
            $0["glm.width"] = parameters.width
            $0["glm.height"] = parameters.height
            $0["glm.steps"] = parameters.steps
            if parameters.stepCache > 0 { $0["glm.step_cache"] = Double(parameters.stepCache) }
            $0["glm.sources"] = request.images.count
            $0.set("glm.seed", value: .seed(parameters.seed))
        }
    }

    func describe(_ question: Question, _ models: ModelSet) {
        updateAttributes {
            $0["gen_ai.request.model"] = models.name
            $0["glm.images"] = question.images.count
            $0.set("glm.seed", value: .seed(question.parameters.seed))
        }
    }

    func describe(_ usage: AnswerUsage) {
        updateAttributes {
            $0["gen_ai.usage.input_tokens"] = usage.promptTokens
            $0["gen_ai.usage.output_tokens"] = usage.completionTokens
        }
    }
}

extension SpanAttribute {
    /// Numbers of spans have a sign; a seed that is too large for one is a text.
    fileprivate static func seed(_ seed: UInt64) -> SpanAttribute { Int64(exactly: seed).map { .int64($0) } ?? .string("\(seed)") }
}
