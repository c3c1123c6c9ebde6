/// The positions of all tokens of a sequence, however long it becomes.
///
/// A model that generates a raster knows the positions of all its tokens beforehand; one that generates text knows those of its prompt,
/// and goes on counting.
package struct SequencePositions: Sendable, Hashable {
    /// Of the first tokens: the prompt's, and those of generated tokens that are known beforehand.
    package let known: [RotaryPosition]
    /// The text position of the first token after the known ones; each later token is one further.
    package let next: Int

    package init(known: [RotaryPosition] = [], next: Int) {
        self.known = known
        self.next = next
    }

    package subscript(index: Int) -> RotaryPosition { index < known.count ? known[index] : RotaryPosition(text: next + index - known.count) }
}
