/// The cards of this machine when it was looked at.
public struct Inventory: Sendable, Hashable {
    /// Accelerators in the order of their names, and the host.
    public var cards: [Card]
    /// What a reader should know of how they were found: which way answered, which failed and why.
    public var notes: [String]

    public init(cards: [Card], notes: [String] = []) {
        self.cards = cards
        self.notes = notes
    }

    public var accelerators: [Card] { cards.filter { !$0.isHost } }
    public var host: Card? { cards.first(where: \.isHost) }
}
