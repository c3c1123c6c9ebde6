package import Checkpoint
package import Decoding
package import Domain
package import ModelConfiguration
package import Tokenizing

/// Turns a conversation and the grids of its images into the decoder's tokens.
///
/// Reference: transformers 5.23 `Glm4vProcessor`, and `Glm4vModel.get_rope_index` for the positions.
package struct PromptProcessor: Sendable {
    package let tokenizer: Tokenizer
    package let template: ConversationTemplate
    package let marks: AnswerMarks
    private let rule: SpecialTokenRule
    private let imageToken: Int32
    private let vocabularySize: Int
    /// Tokens of prompt and answer at most.
    package let maximumPositions: Int

    /// - Throws: `TokenizingError`; `GLMImageError` when tokenizer.json and config.json disagree.
    package init(_ model: ModelFolder, _ configuration: GLM4VConfiguration) throws {
        tokenizer = try Tokenizer(folder: model.url)
        template = try ConversationTemplate(folder: model.url)
        marks = AnswerMarks(tokenizer, template)
        rule = SpecialTokenRule(tokenizer, marks)
        vocabularySize = configuration.text.vocabularySize
        maximumPositions = configuration.text.maximumPositions
        imageToken = Int32(configuration.imageTokenID)
        let id = tokenizer.id(of: "<|image|>")
        guard id == imageToken else {
            throw GLMImageError(
                .unsupportedModel,
                "tokenizer.json: <|image|> has id \(id.map(String.init) ?? "none"), config.json says \(imageToken) (image_token_id)")
        }
    }

    /// A prompt ready for the decoder.
    package struct Prompt: Sendable, Hashable {
        /// `<|image|>` stands once for each row of each image.
        package let ids: [Int32]
        /// Where the rows of each image stand among the ids.
        package let pictures: [Range<Int>]
        package let positions: SequencePositions
        /// The conversation as the template lays it out.
        package let text: ConversationText
    }

    /// - Parameter grids: of the conversation's images, in their order.
    /// - Throws: `RequestError` for what the template would leave out, for special tokens in a text, for grids that are not as many as the
    ///   images, and for a prompt that leaves no place for an answer.
    package func prompt(_ conversation: Conversation, grids: [GridSize], thinking: AnswerOptions.Thinking) throws -> Prompt {
        let text = try template.render(conversation, thinking: thinking)
        try rule.check(text)
        let rendered = tokenizer.encode(text.text)
        for id in rendered where id < 0 || id >= vocabularySize {
            throw GLMImageError(.unsupportedModel, "tokenizer.json gives the id \(id), which is outside vocab_size \(vocabularySize)")
        }
        let places = rendered.count { $0 == imageToken }
        guard places == grids.count, places == conversation.imageCount else {
            throw RequestError("messages have \(conversation.imageCount) images and \(places) places for them, there are \(grids.count) grids")
        }
        let imageTokens = grids.reduce(0) { $0 + $1.count }
        let count = rendered.count - places + imageTokens
        guard count < maximumPositions else {
            throw RequestError(
                "messages make \(count) tokens, \(imageTokens) of them for images; with an answer the limit is \(maximumPositions)")
        }
        var ids: [Int32] = []
        ids.reserveCapacity(count)
        var pictures: [Range<Int>] = []
        for id in rendered {
            let copies = id == imageToken ? grids[pictures.count].count : 1
            if id == imageToken { pictures.append(ids.count..<ids.count + copies) }
            ids += Array(repeating: id, count: copies)
        }
        return Prompt(
            ids: ids, pictures: pictures, positions: SequencePositions(tokens: count, pictures: zip(pictures, grids)), text: text)
    }
}
