extension AnswerDelta {
    /// Ids of one delta at most: what the messages of stages and gateways hold also with the most log probabilities.
    public static let mostIDs = 256

    /// Adds what follows.
    /// - Returns: false where they have to be told apart.
    public mutating func merge(_ next: AnswerDelta) -> Bool {
        guard next.first == first + ids.count, ids.count + next.ids.count <= Self.mostIDs else { return false }
        ids += next.ids
        text += next.text
        reasoning += next.reasoning
        logprobs += next.logprobs
        return true
    }
}
