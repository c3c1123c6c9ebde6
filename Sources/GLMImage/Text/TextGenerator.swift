import ModelConfiguration
public import Checkpoint
package import Decoding
public import Domain
import Layers
public import Tensor

/// The text stage's model: what turns a prompt into the codes of a picture. ``CodeBatch`` runs it.
public final class TextGenerator {
    package let processor: PromptProcessor
    package let decoder: TokenDecoder
    private let generation: GenerationConfiguration
    private let bestSide: Int
    /// The most tokens of a sequence that the checkpoint is made for.
    private let maximumPositions: Int
    /// Ids below this are codes that the diffusion transformer knows; the rest of the head is never sampled.
    let codeCount: Int
    /// The token behind the last code.
    let end: Int32

    /// On one device.
    public convenience init(model: ModelFolder, device: any Device) throws { try self.init(model: model, devices: DeviceGroup(device)) }

    /// Takes `model.language_model` and `lm_head` of the checkpoint, and nothing else.
    /// - Parameter devices: of one side, among which passes of the decoder are divided.
    public init(model: ModelFolder, devices: DeviceGroup) throws {
        precondition(devices.sides.count == 1, "\(devices.name): a decoder with \(devices.sides.count) sides")
        let configuration = try VisionLanguageConfiguration.load(model)
        processor = try PromptProcessor(model, configuration)
        generation = try GenerationConfiguration.load(model)
        bestSide = try VAEConfiguration.sampleSide(model)
        codeCount = configuration.quantizer.codebookSize
        end = Int32(configuration.imageEndTokenID)
        guard codeCount <= configuration.text.visionVocabularySize else {
            throw GLMImageError(
                .unsupportedModel, "vq_config.num_embeddings \(codeCount) is over vision_vocab_size \(configuration.text.visionVocabularySize)")
        }
        decoder = try TokenDecoder(
            devices.sides[0], DecoderConfiguration(configuration.text), ignoring: CheckpointPart.visionLanguageEncoder.prefixes(of: .text)
        ) { try model.weights("vision_language_encoder") }
        maximumPositions = configuration.text.maximumPositions
    }

    /// How many tokens a request reads and generates; refuses one that this checkpoint can't compute.
    public func layout(_ request: TokenRequest) throws -> TokenLayout { TokenLayout(try prompt(request)) }

    /// Bytes of keys and values for `batch` requests of the longest kind that the checkpoint is made for: an edit of one
    /// picture of its best size, with 512 tokens of prompt. At least room for one picture of the largest size.
    public func cacheBytes(batch: Int) -> Int {
        func tokens(_ pixels: Int) -> Int { pixels / (RequestLimits.sizeMultiple * RequestLimits.sizeMultiple) }
        let usual = 512 + max(2 * tokens(bestSide * bestSide), 256 + tokens(bestSide * bestSide))
        let largest = 512 + 256 + tokens(RequestLimits.maximumArea)
        return (max(batch * usual, largest) + batch * DecoderSizes.pageRows) * decoder.cacheBytesPerToken
    }

    /// The prompt's tokens and places.
    /// - Throws: `RequestError` for a request that this checkpoint can't compute.
    func prompt(_ request: TokenRequest) throws -> PromptProcessor.Prompt {
        for (index, source) in request.sources.enumerated() {
            if let code = source.codes.first(where: { $0 < 0 || $0 >= codeCount }) {
                throw RequestError("source image \(index) holds code \(code), the codebook has \(codeCount)")
            }
        }
        let prompt = try processor.prompt(
            request.prompt, height: request.parameters.height, width: request.parameters.width, sources: request.sources.map(\.size))
        let tokens = prompt.ids.count + prompt.generatedTokens
        if tokens > maximumPositions {
            throw RequestError(
                "prompt of \(prompt.ids.count) tokens and \(prompt.generatedTokens) to draw make \(tokens), the limit is \(maximumPositions)"
            )
        }
        return prompt
    }

    func sampler(_ request: TokenRequest) -> Sampler { Sampler(generation, request.parameters.sampling, seed: request.parameters.seed) }
}

extension TokenLayout {
    init(_ prompt: PromptProcessor.Prompt) {
        self.init(preview: prompt.preview, target: prompt.target, promptTokens: prompt.ids.count, totalTokens: prompt.generatedTokens)
    }
}
