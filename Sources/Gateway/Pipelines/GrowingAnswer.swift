import Domain

/// An answer as far as stages have sent it, whichever of them.
struct GrowingAnswer: Sendable, Hashable {
    private(set) var ids: [Int32] = []
    private(set) var text = ""
    private(set) var reasoning = ""
    private var layout: AnswerLayout?
    /// Tokens of the prompt that were read, as the caller knows.
    private var read = 0
    /// What stood back until the end was known has been sent.
    private var hasEnded = false

    /// - Returns: false for the layout of a stage that takes another's place.
    mutating func begin(_ layout: AnswerLayout) -> Bool {
        guard self.layout == nil else { return false }
        self.layout = layout
        return true
    }

    /// - Returns: tokens of the prompt, when so many read ones are news.
    mutating func read(_ tokens: Int) -> Int? {
        guard let layout, tokens > read, ids.isEmpty else { return nil }
        read = tokens
        return layout.promptTokens
    }

    /// - Returns: false for what a lost stage has sent before: the end of the text, behind the last id.
    mutating func append(_ delta: AnswerDelta) -> Bool {
        if delta.ids.isEmpty {
            guard !hasEnded else { return false }
            hasEnded = true
        }
        ids += delta.ids
        text += delta.text
        reasoning += delta.reasoning
        return true
    }
}

extension AnswerDelta {
    /// Ids of one delta at most: what the messages of stages and gateways hold also with the most log probabilities.
    static let mostIDs = 256

    /// Adds what follows.
    /// - Returns: false where they have to be told apart: the end of the text has no id of its own.
    mutating func merge(_ next: AnswerDelta) -> Bool {
        guard !ids.isEmpty, !next.ids.isEmpty, next.first == first + ids.count, ids.count + next.ids.count <= Self.mostIDs else { return false }
        ids += next.ids
        text += next.text
        reasoning += next.reasoning
        logprobs += next.logprobs
        return true
    }
}

extension AnswerBox {
    /// With the pixels of the image that it was drawn on.
    func inPixels(height: Int, width: Int) -> AnswerBox {
        guard coordinates.count == 4 else { return self }
        let sides = [width, height, width, height]
        return AnswerBox(coordinates: coordinates, pixels: zip(coordinates, sides).map { min(($0 * $1 + 500) / 1000, $1) })
    }
}
