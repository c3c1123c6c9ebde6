/// What the text stage computes: the codes of an image.
public struct TokenRequest: Sendable, Hashable {
    public let prompt: String
    public let parameters: ImageParameters
    /// Codes of the source images in the order of the request; empty for text to image.
    public let sources: [CodeGrid]

    /// - Throws: for an empty or too long prompt, and for too many sources.
    public init(prompt: String, parameters: ImageParameters, sources: [CodeGrid] = []) throws(RequestError) {
        try RequestLimits.checkPrompt(prompt)
        try RequestLimits.checkSourceCount(sources.count)
        self.prompt = prompt
        self.parameters = parameters
        self.sources = sources
    }
}

/// How many tokens a request reads and generates.
public struct TokenLayout: Sendable, Hashable {
    /// Generated first, for text to image only.
    public var preview: GridSize?
    public var target: GridSize
    /// Tokens read before the first one is generated.
    public var promptTokens: Int
    /// Preview, target and the end token.
    public var totalTokens: Int

    public init(preview: GridSize? = nil, target: GridSize, promptTokens: Int = 0, totalTokens: Int = 0) {
        self.preview = preview
        self.target = target
        self.promptTokens = promptTokens
        self.totalTokens = totalTokens
    }
}

/// What the text stage answers.
public struct GeneratedTokens: Sendable, Hashable {
    /// Nil with source images.
    public var preview: CodeGrid?
    public var target: CodeGrid
    public var timings: [Timing]

    public init(preview: CodeGrid? = nil, target: CodeGrid, timings: [Timing] = []) {
        self.preview = preview
        self.target = target
        self.timings = timings
    }
}
