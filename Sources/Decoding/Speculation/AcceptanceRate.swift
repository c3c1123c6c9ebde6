/// How often the first, the second, … guess of a pass is right where all before it are, as far as recent passes tell.
package struct AcceptanceRate: Sendable, Hashable {
    /// Of the guess with this index: how often it came to be judged, and was right.
    private var judged: [Double] = []
    private var right: [Double] = []

    /// What is assumed of the first guess before any is judged; of each other, what holds for the one before it.
    private static let assumed = 0.7
    /// The assumption counts as so many judgements.
    private static let weight = 2.0
    /// What is left of a judgement after each pass: the content changes, and what was given up is tried again.
    private static let kept = 0.99

    package init() {}

    /// A pass of `guesses` guesses (0: it had none), of which the first `accepted` were right.
    package mutating func observe(guesses: Int, accepted: Int) {
        for index in judged.indices {
            judged[index] *= Self.kept
            right[index] *= Self.kept
        }
        for index in 0..<min(guesses, accepted + 1) {
            if index == judged.count {
                judged.append(0)
                right.append(0)
            }
            judged[index] += 1
            if index < accepted { right[index] += 1 }
        }
    }

    /// For each number of guesses from 1 to `count` the probability that all of them are right.
    package func chances(_ count: Int) -> [Double] {
        var rate = Self.assumed
        var chance = 1.0
        return (0..<count).map { index in
            if judged.indices.contains(index) { rate = (right[index] + Self.weight * rate) / (judged[index] + Self.weight) }
            chance *= rate
            return chance
        }
    }

    /// The same rates from fewer judgements, so that a new sequence soon goes its own way.
    package var prior: AcceptanceRate {
        let share = min(1, 8 / max(judged.first ?? 0, 8))
        var result = self
        result.judged = judged.map { $0 * share }
        result.right = right.map { $0 * share }
        return result
    }
}
