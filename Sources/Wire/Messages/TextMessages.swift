import CWire

/// A prompt to be turned into the codes of a picture.
public struct GenerateTokensRequest: Sendable, Hashable {
    public var prompt: String
    /// Of the picture, pixels; a multiple of 32.
    public var height: Int
    /// Of the picture, pixels; a multiple of 32.
    public var width: Int
    /// Codes of the source pictures in the order of the request; none: text to image.
    public var sources: [CodeGrid]
    /// Of the sampling; the same request and seed give the same codes.
    public var seed: UInt64
    /// Nil: the checkpoint's own.
    public var sampling: Sampling?

    public init(prompt: String, height: Int, width: Int, sources: [CodeGrid] = [], seed: UInt64, sampling: Sampling? = nil) {
        self.prompt = prompt
        self.height = height
        self.width = width
        self.sources = sources
        self.seed = seed
        self.sampling = sampling
    }
}

extension GenerateTokensRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__GenerateTokensRequest>) { glm__v1__generate_tokens_request__init(c) }

    func fill(_ c: inout Glm__V1__GenerateTokensRequest, _ arena: Arena) throws(WireError) {
        c.prompt = try arena.text(prompt, "prompt")
        c.height = try UInt32(wire: height, "height")
        c.width = try UInt32(wire: width, "width")
        c.n_sources = sources.count
        c.sources = try arena.messages(sources)
        c.seed = seed
        c.sampling = try arena.message(ifSet: sampling)
    }

    init(_ c: Glm__V1__GenerateTokensRequest) throws(WireError) {
        self.init(
            prompt: try text(c.prompt, "prompt"), height: Int(c.height), width: Int(c.width),
            sources: try messages(c.n_sources, c.sources), seed: c.seed, sampling: try message(c.sampling))
    }
}

/// What the text stage streams: one layout, tokens as they are made, one result.
public enum GenerateTokensEvent: Sendable, Hashable {
    case layout(TokenLayout)
    case tokens(Tokens)
    case result(GeneratedTokens)
}

extension GenerateTokensEvent: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__GenerateTokensEvent>) { glm__v1__generate_tokens_event__init(c) }

    func fill(_ c: inout Glm__V1__GenerateTokensEvent, _ arena: Arena) throws(WireError) {
        switch self {
        case .layout(let layout):
            c.event_case = GLM__V1__GENERATE_TOKENS_EVENT__EVENT_LAYOUT
            c.layout = try arena.message(layout)
        case .tokens(let tokens):
            c.event_case = GLM__V1__GENERATE_TOKENS_EVENT__EVENT_TOKENS
            c.tokens = try arena.message(tokens)
        case .result(let result):
            c.event_case = GLM__V1__GENERATE_TOKENS_EVENT__EVENT_RESULT
            c.result = try arena.message(result)
        }
    }

    init(_ c: Glm__V1__GenerateTokensEvent) throws(WireError) {
        switch c.event_case {
        case GLM__V1__GENERATE_TOKENS_EVENT__EVENT_LAYOUT: self = .layout(try message(c.layout, "layout"))
        case GLM__V1__GENERATE_TOKENS_EVENT__EVENT_TOKENS: self = .tokens(try message(c.tokens, "tokens"))
        case GLM__V1__GENERATE_TOKENS_EVENT__EVENT_RESULT: self = .result(try message(c.result, "result"))
        default: throw WireError(.malformed, "\(Self.name): event is not set")
        }
    }
}

/// What is going to be made.
public struct TokenLayout: Sendable, Hashable {
    /// The small raster that is made first; nil with source pictures.
    public var preview: GridSize?
    public var target: GridSize
    /// Tokens read before the first is made.
    public var promptTokens: Int
    /// Tokens to be made: both rasters and the end token.
    public var totalTokens: Int

    public init(preview: GridSize?, target: GridSize, promptTokens: Int, totalTokens: Int) {
        self.preview = preview
        self.target = target
        self.promptTokens = promptTokens
        self.totalTokens = totalTokens
    }
}

extension TokenLayout: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__TokenLayout>) { glm__v1__token_layout__init(c) }

    func fill(_ c: inout Glm__V1__TokenLayout, _ arena: Arena) throws(WireError) {
        c.preview = try arena.message(ifSet: preview)
        c.target = try arena.message(target)
        c.prompt_tokens = try UInt32(wire: promptTokens, "prompt_tokens")
        c.total_tokens = try UInt32(wire: totalTokens, "total_tokens")
    }

    init(_ c: Glm__V1__TokenLayout) throws(WireError) {
        self.init(
            preview: try message(c.preview), target: try message(c.target, "target"),
            promptTokens: Int(c.prompt_tokens), totalTokens: Int(c.total_tokens))
    }
}

/// Tokens as they are made.
public struct Tokens: Sendable, Hashable {
    /// Index of the first of them among the tokens made, from 0.
    public var first: Int
    /// `[n]`, in the order made.
    public var ids: [Int32]

    public init(first: Int, ids: [Int32]) {
        self.first = first
        self.ids = ids
    }
}

extension Tokens: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__Tokens>) { glm__v1__tokens__init(c) }

    func fill(_ c: inout Glm__V1__Tokens, _ arena: Arena) throws(WireError) {
        c.first = try UInt32(wire: first, "first")
        c.n_ids = ids.count
        c.ids = arena.numbers(ids)
    }

    init(_ c: Glm__V1__Tokens) throws(WireError) {
        self.init(first: Int(c.first), ids: numbers(c.n_ids, c.ids))
    }
}

/// The codes of the picture.
public struct GeneratedTokens: Sendable, Hashable {
    /// Nil with source pictures.
    public var preview: CodeGrid?
    /// `[height / 32 × width / 32]`
    public var target: CodeGrid
    /// Of the stage, in order.
    public var timings: [Timing]

    public init(preview: CodeGrid?, target: CodeGrid, timings: [Timing] = []) {
        self.preview = preview
        self.target = target
        self.timings = timings
    }
}

extension GeneratedTokens: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__GeneratedTokens>) { glm__v1__generated_tokens__init(c) }

    func fill(_ c: inout Glm__V1__GeneratedTokens, _ arena: Arena) throws(WireError) {
        c.preview = try arena.message(ifSet: preview)
        c.target = try arena.message(target)
        c.n_timings = timings.count
        c.timings = try arena.messages(timings)
    }

    init(_ c: Glm__V1__GeneratedTokens) throws(WireError) {
        self.init(
            preview: try message(c.preview), target: try message(c.target, "target"), timings: try messages(c.n_timings, c.timings))
    }
}
