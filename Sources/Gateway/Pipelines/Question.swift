package import Domain
package import Wire

/// A question as it will be answered: checked, with the seed filled in.
package struct Question: Sendable, Hashable {
    package var requestID: String
    package var conversation: Conversation
    /// What becomes of its images, in their order.
    package var images: [QuestionImage]
    package var parameters: AnswerParameters

    package init(requestID: String, conversation: Conversation, images: [QuestionImage] = [], parameters: AnswerParameters) {
        self.requestID = requestID
        self.conversation = conversation
        self.images = images
        self.parameters = parameters
    }

    /// Rows of its images, each of which is a token.
    package var imageTokens: Int { images.reduce(0) { $0 + $1.tokens } }

    package func accepted(_ models: ModelSet) -> AcceptedQuestion {
        AcceptedQuestion(
            requestID: requestID, parameters: parameters, images: images, modelName: models.name, modelFingerprint: models.fingerprint)
    }

    /// What it asks of each kind of stage, in units that cost about the same: tokens of images; generated tokens, of which nobody knows how
    /// many there will be, and tokens of the prompt, some forty of which are read in the time in which one is generated.
    package var units: [StageKind: Forecast.Units] {
        let generated = min(parameters.options.maxTokens ?? Self.usualTokens, Self.usualTokens)
        let prompt = imageTokens + conversation.textBytes / Self.bytesPerToken
        var units: [StageKind: Forecast.Units] = [.text: Double(generated) + Double(prompt) / 40]
        if imageTokens > 0 { units[.vision] = Double(imageTokens) }
        return units
    }

    private static let usualTokens = 512
    private static let bytesPerToken = 4
}
