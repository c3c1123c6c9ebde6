public import Checkpoint
public import Requests
public import Tensor

/// What the text stage draws tokens for.
public struct TokenRequest: Sendable {
    public var prompt: String
    /// Of the picture, in pixels; multiples of 32.
    public var height, width: Int
    /// Codes of the source images, in order; empty for text to image.
    public var sources: [CodeGrid]
    public var seed: UInt64
    public var sampling: SamplingOverride

    public init(prompt: String, height: Int, width: Int, sources: [CodeGrid] = [], seed: UInt64, sampling: SamplingOverride = SamplingOverride()) {
        self.prompt = prompt
        self.height = height
        self.width = width
        self.sources = sources
        self.seed = seed
        self.sampling = sampling
    }
}

/// How many tokens a request reads and draws.
public struct TokenLayout: Sendable, Hashable {
    /// Drawn first, for text to image only.
    public let preview: GridSize?
    public let target: GridSize
    public let promptTokens: Int
    /// Preview, target and the end token.
    public let totalTokens: Int
}

/// The text stage's model: a prompt in, the codes of a picture out.
public final class TextGenerator {
    package let processor: PromptProcessor
    package let decoder: TokenDecoder
    private let generation: GenerationConfiguration
    /// Ids below this are codes that the diffusion transformer knows; the rest of the head is never drawn.
    private let codes: Int
    private let end: Int32

    /// Takes `model.language_model` and `lm_head` of the checkpoint, and nothing else.
    public init(model: ModelFolder, device: any Device) throws {
        let configuration = try VisionLanguageConfiguration.load(model)
        processor = try PromptProcessor(model, configuration)
        generation = try GenerationConfiguration.load(model)
        codes = configuration.quantizer.codes
        end = Int32(configuration.imageEndTokenID)
        guard codes <= configuration.text.visionVocabularySize else {
            throw GLMImageError(.unsupportedModel, "vq_config.num_embeddings \(codes) is over vision_vocab_size \(configuration.text.visionVocabularySize)")
        }
        let map = try WeightMap(folder: model.component("vision_language_encoder"))
        decoder = try TokenDecoder(WeightScope(map: map, device: device), configuration.text)
        map.ignore(prefix: "model.visual.")
        map.ignore(prefix: "model.vqmodel.")
        try map.finish()
    }

    /// Checks a request and says what it will take, without computing.
    public func layout(_ request: TokenRequest) throws -> TokenLayout {
        let prompt = try checkedPrompt(request)
        return TokenLayout(preview: prompt.preview, target: prompt.target, promptTokens: prompt.ids.count, totalTokens: prompt.drawnTokens)
    }

    /// Draws exactly the grids' tokens and the end token.
    ///
    /// Places of a grid draw codes only, and the end token can stand nowhere but at the end, so a picture is never short.
    /// - Parameters:
    ///   - checkCancellation: called before each layer; what it throws ends the work.
    ///   - onToken: called with each token's index and id as it is drawn; what it throws ends the work before the next.
    public func generate(
        _ request: TokenRequest, checkCancellation: () throws -> Void = {}, onToken: (Int, Int32) throws -> Void
    ) throws -> (preview: CodeGrid?, target: CodeGrid) {
        let prompt = try checkedPrompt(request)
        let sequence = decoder.makeSequence(positions: prompt.positions.prompt + prompt.positions.generated, promptCount: prompt.ids.count)
        var sampler = Sampler(generation, request.sampling, seed: request.seed)
        let logits = UnsafeMutableBufferPointer<Float>.allocate(capacity: decoder.configuration.visionVocabularySize)
        defer { logits.deallocate() }

        let count = prompt.drawnTokens - 1
        var drawn: [Int32] = []
        drawn.reserveCapacity(count)
        var pending = processor.fill(prompt.ids, with: request.sources.flatMap(\.codes))
        while drawn.count < count {
            try decoder.extend(sequence, by: pending, logits: logits, checkCancellation: checkCancellation)
            let id = sampler.draw(UnsafeBufferPointer(rebasing: logits[..<codes]), position: drawn.count)
            try onToken(drawn.count, id)
            drawn.append(id)
            pending = [id]
        }
        try onToken(count, end)

        let previewCount = prompt.preview?.count ?? 0
        return (
            prompt.preview.map { CodeGrid(height: $0.height, width: $0.width, codes: Array(drawn[..<previewCount])) },
            CodeGrid(height: prompt.target.height, width: prompt.target.width, codes: Array(drawn[previewCount...]))
        )
    }

    private func checkedPrompt(_ request: TokenRequest) throws -> PromptProcessor.Prompt {
        try RequestLimits.checkPrompt(request.prompt)
        try RequestLimits.checkSize(height: request.height, width: request.width)
        try RequestLimits.checkSourceCount(request.sources.count)
        try RequestLimits.checkSampling(request.sampling)
        for (index, source) in request.sources.enumerated() {
            if let code = source.codes.first(where: { $0 < 0 || $0 >= codes }) {
                throw GLMImageError(.invalidRequest, "source image \(index) holds code \(code), the codebook has \(codes)")
            }
        }
        let prompt = try processor.prompt(request.prompt, height: request.height, width: request.width, sources: request.sources.map(\.size))
        let tokens = prompt.ids.count + prompt.drawnTokens
        if tokens > decoder.configuration.maximumPositions {
            throw GLMImageError(
                .invalidRequest,
                "prompt of \(prompt.ids.count) tokens and \(prompt.drawnTokens) to draw make \(tokens), the limit is \(decoder.configuration.maximumPositions)")
        }
        return prompt
    }
}
