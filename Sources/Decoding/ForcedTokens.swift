/// Tokens that a sequence must take instead of sampling them: the end of its reasoning, once that has used up its budget.
package struct ForcedTokens: Sendable {
    /// The next id, given all ids generated so far; nil: it is sampled. Must depend on nothing else.
    package let next: @Sendable ([Int32]) -> Int32?

    package init(next: @escaping @Sendable ([Int32]) -> Int32?) { self.next = next }
}
