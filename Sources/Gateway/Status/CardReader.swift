import Processes
import Foundation
import Placement

/// Looks at the cards now and then: asking the driver takes a while, and their figures change slowly.
public actor CardReader {
    private let age: Duration
    private var read: (cards: [Card], at: ContinuousClock.Instant)?

    public init(age: Duration = .seconds(5)) { self.age = age }

    /// Empty when the driver answers what nobody understands; the plan has said so before.
    func cards() async -> [Card] {
        if let read, read.at.duration(to: .now) < age { return read.cards }
        let found = Promise<[Card]>()
        BlockingThread.start { found.fulfil((try? Discovery().inventory().cards) ?? []) }
        let cards = await found.value ?? []
        read = (cards, .now)
        return cards
    }
}
