package import Domain
import Imaging
package import Wire

/// What is refused of a question before any stage hears of it, and what takes the place of what was left out.
package struct QuestionRules: Sendable, Hashable {
    /// How the model resizes images; nil: it has not told yet.
    package var imageRule: ImageSizeRule?
    /// Tokens of prompt and answer together that the model takes; 0: it has not told yet.
    package var contextTokens: Int

    package init(imageRule: ImageSizeRule?, contextTokens: Int) {
        self.imageRule = imageRule
        self.contextTokens = contextTokens
    }

    /// - Parameters:
    ///   - conversation: the request's.
    ///   - seed: for a request without one.
    /// - Throws: INVALID_ARGUMENT with field, limit and value; UNAVAILABLE before the model has told how it resizes images.
    package func validate(
        _ request: AnswerQuestionRequest, _ conversation: Conversation, requestID: String, seed: @autoclosure () -> UInt64
    ) throws(CallError) -> Question {
        do {
            var options = request.parameters
            try options.check()
            options.seed = options.seed ?? seed()
            let images = try images(of: conversation, within: options.maxPixels)
            let parameters = try AnswerParameters(options)
            let question = Question(requestID: requestID, conversation: conversation, images: images, parameters: parameters)
            try checkContext(question)
            return question
        } catch let error as CallError {
            throw error
        } catch {
            throw CallError(.invalidArgument, (error as? RequestError)?.message ?? "\(error)")
        }
    }

    /// The request's messages.
    /// - Throws: INVALID_ARGUMENT with field, limit and value.
    package static func conversation(_ request: AnswerQuestionRequest) throws(CallError) -> Conversation {
        do {
            try RequestLimits.checkUser(request.user)
            let conversation = try Conversation(request.messages)
            try each(conversation) { bytes, field in try RequestLimits.checkImageFile(bytes, field) }
            return conversation
        } catch {
            throw CallError(.invalidArgument, (error as? RequestError)?.message ?? "\(error)")
        }
    }

    private func images(of conversation: Conversation, within bound: Int?) throws -> [QuestionImage] {
        var images: [QuestionImage] = []
        try Self.each(conversation) { bytes, field in
            guard let imageRule else {
                throw CallError(.unavailable, "no vision stage has told how the model resizes images", retryAfter: .milliseconds(200))
            }
            let header: ImageHeader
            do { header = try ImageHeader(bytes) } catch { throw RequestError("\(field): \(error)") }
            let size = try imageRule.size(height: header.height, width: header.width, field: field, within: bound)
            images.append(
                QuestionImage(
                    height: header.height, width: header.width, resizedHeight: size.height, resizedWidth: size.width, tokens: size.grid.count))
        }
        return images
    }

    /// What the counts that are known here exceed; the text stage counts the rest.
    private func checkContext(_ question: Question) throws(RequestError) {
        guard contextTokens > 0 else { return }
        guard question.imageTokens < contextTokens else {
            throw RequestError("\(question.images.count) images take \(question.imageTokens) tokens, the model's context has \(contextTokens)")
        }
        let options = question.parameters.options
        for (field, value) in [("max_tokens", options.maxTokens), ("thinking_budget", options.thinkingBudget)] {
            guard let value, value >= contextTokens else { continue }
            throw RequestError("\(field) is \(value), the model's context has \(contextTokens) tokens")
        }
    }

    /// Every image with the name of its field.
    private static func each(_ conversation: Conversation, _ body: (_ bytes: [UInt8], _ field: String) throws -> Void) throws {
        for (index, message) in conversation.messages.enumerated() {
            for (part, content) in message.parts.enumerated() {
                if case .image(let bytes) = content { try body(bytes, "messages[\(index)].parts[\(part)]") }
            }
        }
    }
}
