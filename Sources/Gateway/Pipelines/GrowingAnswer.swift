import Domain

/// An answer as far as stages have sent it, whichever of them.
struct GrowingAnswer: Sendable, Hashable {
    private(set) var ids: [Int32] = []
    private(set) var text = ""
    private(set) var reasoning = ""
    private var layout: AnswerLayout?
    /// Tokens of the prompt that were read, as the caller knows.
    private var read = 0

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

    /// - Returns: false for a delta that does not follow those before. Without ids nobody could tell whether it is a repetition.
    mutating func append(_ delta: AnswerDelta) -> Bool {
        guard delta.first == ids.count, !delta.ids.isEmpty else { return false }
        ids += delta.ids
        text += delta.text
        reasoning += delta.reasoning
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
