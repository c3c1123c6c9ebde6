/// What the text stage of a question model computes: the words that answer a conversation.
public struct AnswerRequest: Sendable, Hashable {
    /// Its images are empty.
    public let conversation: Conversation
    /// The rows of its images, in their order.
    public let pictures: [PictureRows]
    public let parameters: AnswerParameters
    /// Ids that an earlier stage has generated and the caller has got: the answer goes on behind them, with the same tokens as that stage
    /// would have gone on with.
    public let told: [Int32]

    /// - Throws: when there are not as many pictures as the conversation has images, and for more told ids than may be generated.
    public init(conversation: Conversation, pictures: [PictureRows], parameters: AnswerParameters, told: [Int32] = []) throws(RequestError) {
        guard pictures.count == conversation.imageCount else {
            throw RequestError("pictures has \(pictures.count) elements for \(conversation.imageCount) images of the messages")
        }
        guard told.count < AnswerLimits.maxTokens.upperBound else {
            throw RequestError("told has \(told.count) ids, the limit is \(AnswerLimits.maxTokens.upperBound - 1)")
        }
        self.conversation = conversation
        self.pictures = pictures
        self.parameters = parameters
        self.told = told
    }
}
