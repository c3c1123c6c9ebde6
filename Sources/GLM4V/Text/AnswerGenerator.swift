public import Checkpoint
package import Decoding
import Domain
import Layers
package import ModelConfiguration
public import Tensor
import Tokenizing

/// The text stage's model: what answers a conversation whose images are rows. ``AnswerBatch`` runs it.
///
/// Reference: transformers 5.23 `Glm4vForConditionalGeneration` without its vision tower.
public final class AnswerGenerator {
    package let processor: PromptProcessor
    package let decoder: TokenDecoder
    package let generation: GLM4VGenerationConfiguration
    /// Tokens that end an answer.
    let ends: Set<Int32>
    /// Only ids below this are sampled: the head has rows that belong to no token.
    let sampledIDs: Int
    /// Ids below that which belong to no token either.
    let unassignedIDs: [Int32]

    /// On one device.
    public convenience init(model: ModelFolder, device: any Device) throws { try self.init(model: model, devices: DeviceGroup(device)) }

    /// Takes `model.language_model` and `lm_head` of the checkpoint, and nothing else.
    /// - Parameter devices: of one side, among which passes of the decoder are divided.
    public init(model: ModelFolder, devices: DeviceGroup) throws {
        precondition(devices.sides.count == 1, "\(devices.name): a decoder with \(devices.sides.count) sides")
        let configuration = try GLM4VConfiguration.load(model)
        processor = try PromptProcessor(model, configuration)
        generation = try GLM4VGenerationConfiguration.load(model, text: configuration.text)
        var ends = Set(generation.endTokenIDs.map(Int32.init))
        // Base models don't name it, and say nothing behind it.
        if let close = processor.marks.answerClose { ends.insert(close) }
        guard !ends.isEmpty else {
            throw GLMImageError(.unsupportedModel, "neither generation_config.json nor config.json names an eos_token_id, which ends an answer")
        }
        self.ends = ends
        let tokenizer = processor.tokenizer
        sampledIDs = min(Int(tokenizer.idLimit), configuration.text.vocabularySize)
        unassignedIDs = (0..<Int32(sampledIDs)).filter { tokenizer.bytes(of: $0) == nil }
        decoder = try TokenDecoder(
            devices.sides[0], DecoderConfiguration(configuration.text), ignoring: CheckpointPart.answerModel.prefixes(of: .text)
        ) { try model.weights("") }
    }

    /// Tokens of prompt and answer together at most.
    public var contextTokens: Int { processor.maximumPositions }

    /// Bytes of keys and values for `batch` requests of a usual kind: an image of a megapixel, a page of text and thoughts. At least room
    /// for one request of four times that.
    public func cacheBytes(batch: Int) -> Int {
        let usual = min(4096, processor.maximumPositions)
        let largest = min(4 * usual, processor.maximumPositions)
        return (max(batch * usual, largest) + batch * DecoderSizes.pageRows) * decoder.cacheBytesPerToken
    }

    /// The prompt's tokens and places.
    /// - Throws: `RequestError` for a request that this checkpoint can't compute.
    func prompt(_ request: AnswerRequest) throws -> PromptProcessor.Prompt {
        for (index, picture) in request.pictures.enumerated() where picture.columns != decoder.configuration.hiddenSize {
            throw RequestError("pictures[\(index)] has rows of \(picture.columns) elements, the model's have \(decoder.configuration.hiddenSize)")
        }
        return try processor.prompt(
            request.conversation, grids: request.pictures.map(\.grid), thinking: request.parameters.options.thinking)
    }

    /// Tokens that the context has left for an answer, or fewer if the request says so.
    /// - Throws: for a request that says more.
    func maxTokens(_ request: AnswerRequest, _ prompt: PromptProcessor.Prompt) throws(RequestError) -> Int {
        let options = request.parameters.options
        let left = min(processor.maximumPositions - prompt.ids.count, AnswerLimits.maxTokens.upperBound)
        for (name, value) in [("max_tokens", options.maxTokens), ("thinking_budget", options.thinkingBudget)] {
            if let value, value > left {
                throw RequestError("\(name) \(value) behind a prompt of \(prompt.ids.count) tokens: the context of the model has \(left) left")
            }
        }
        return options.maxTokens ?? left
    }
}
