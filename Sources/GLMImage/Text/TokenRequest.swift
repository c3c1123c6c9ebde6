public import Domain

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

extension TokenLayout {
    init(_ prompt: PromptProcessor.Prompt) {
        self.init(preview: prompt.preview, target: prompt.target, promptTokens: prompt.ids.count, totalTokens: prompt.generatedTokens)
    }
}
