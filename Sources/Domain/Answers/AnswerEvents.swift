/// What a text stage has found of a question before it generates.
public struct AnswerLayout: Sendable, Hashable {
    /// Tokens of the prompt, images included.
    public var promptTokens: Int
    /// Of them, those whose keys and values an earlier request has left: they are not computed again.
    public var cachedTokens: Int
    /// Tokens that may be generated at most.
    public var maxTokens: Int

    public init(promptTokens: Int = 0, cachedTokens: Int = 0, maxTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.maxTokens = maxTokens
    }
}

/// The next tokens of an answer, and the text that they complete. Concatenated, the deltas are the answer.
public struct AnswerDelta: Sendable, Hashable {
    /// Index of the first id among all generated tokens, from 0.
    public var first: Int
    public var ids: [Int32]
    /// What follows the reasoning so far; whole characters.
    public var reasoning: String
    /// What follows the text so far; whole characters.
    public var text: String
    /// Of each id, where they were asked for.
    public var logprobs: [TokenLogprob]

    public init(first: Int = 0, ids: [Int32] = [], reasoning: String = "", text: String = "", logprobs: [TokenLogprob] = []) {
        self.first = first
        self.ids = ids
        self.reasoning = reasoning
        self.text = text
        self.logprobs = logprobs
    }
}

/// A generated token with its log probability, and the likeliest at its place: natural logarithms of the softmax of the logits after
/// penalties and before temperature and limits.
public struct TokenLogprob: Sendable, Hashable {
    public struct Alternative: Sendable, Hashable {
        public var id: Int32
        /// The token's bytes; they need not be whole characters.
        public var bytes: [UInt8]
        public var logprob: Float

        public init(id: Int32 = 0, bytes: [UInt8] = [], logprob: Float = 0) {
            self.id = id
            self.bytes = bytes
            self.logprob = logprob
        }
    }

    public var token: Alternative
    /// The likeliest first.
    public var alternatives: [Alternative]

    public init(token: Alternative = Alternative(), alternatives: [Alternative] = []) {
        self.token = token
        self.alternatives = alternatives
    }
}

/// Why an answer ended.
public enum FinishReason: String, Sendable, Hashable, CaseIterable {
    /// The model ended its turn, or a stop string was met.
    case stop
    /// `max_tokens` were generated, or the context was full.
    case length
}

/// A rectangle that an answer points at.
public struct AnswerBox: Sendable, Hashable {
    /// As the model writes them: left, top, right, bottom, each 0 to 1000 of the picture's width or height.
    public var coordinates: [Int]
    /// What they are in pixels of the picture as it was sent; empty where several pictures were.
    public var pixels: [Int]

    public init(coordinates: [Int] = [], pixels: [Int] = []) {
        self.coordinates = coordinates
        self.pixels = pixels
    }
}

/// Tokens that a request has taken.
public struct AnswerUsage: Sendable, Hashable {
    public var promptTokens: Int
    /// Of the prompt, those that stood in the cache.
    public var cachedTokens: Int
    /// Of the prompt, those of images.
    public var imageTokens: Int
    /// Generated, reasoning and the end token included.
    public var completionTokens: Int
    /// Of them, those of the reasoning.
    public var reasoningTokens: Int

    public init(promptTokens: Int = 0, cachedTokens: Int = 0, imageTokens: Int = 0, completionTokens: Int = 0, reasoningTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.imageTokens = imageTokens
        self.completionTokens = completionTokens
        self.reasoningTokens = reasoningTokens
    }
}

/// What the text stage answers at the end.
public struct AnswerResult: Sendable, Hashable {
    public var finish: FinishReason
    public var usage: AnswerUsage
    /// Of the answer, without `pixels`: the stage does not know the sizes of the pictures.
    public var boxes: [AnswerBox]
    public var timings: [Timing]

    public init(finish: FinishReason = .stop, usage: AnswerUsage = AnswerUsage(), boxes: [AnswerBox] = [], timings: [Timing] = []) {
        self.finish = finish
        self.usage = usage
        self.boxes = boxes
        self.timings = timings
    }
}
