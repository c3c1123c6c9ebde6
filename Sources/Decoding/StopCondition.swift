/// When a sequence is complete.
package enum StopCondition: Sendable, Hashable {
    /// After exactly this many sampled tokens.
    case count(Int)
    /// After the first of these tokens, which is itself part of the result, and after `limit` sampled tokens at the latest.
    case tokens(Set<Int32>, limit: Int)

    /// The most tokens that a sequence samples.
    package var limit: Int {
        switch self {
        case .count(let count): count
        case .tokens(_, let limit): limit
        }
    }

    /// Whether `ids`, all tokens sampled so far, are complete. To be asked after each token.
    package func isMet(by ids: [Int32]) -> Bool {
        if ids.count >= limit { return true }
        guard case .tokens(let stops, _) = self, let last = ids.last else { return false }
        return stops.contains(last)
    }
}
