/// Guesses of a sequence's next tokens, by something much cheaper than the decoder. Wrong ones cost time and change nothing.
package struct DraftTokens: Sendable {
    /// The id that probably follows; nil: there is no guess. It must be one that the decoder embeds.
    /// - ids: all generated before it, the last of them guesses themselves.
    /// - drawn: what the last pass drew in this place, behind a guess that was wrong.
    package let next: @Sendable (_ ids: [Int32], _ drawn: Int32?) -> Int32?

    package init(next: @escaping @Sendable (_ ids: [Int32], _ drawn: Int32?) -> Int32?) { self.next = next }
}
