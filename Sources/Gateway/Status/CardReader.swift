import Foundation
package import Placement
import Processes
import ServerKit

/// Looks at the cards now and then: asking the driver takes a while, and their figures change slowly. Where the driver hangs, who asks is
/// soon told what was seen last.
package actor CardReader {
    private let age, patience: Duration
    private let look: @Sendable () -> [Card]
    private var read: (cards: [Card], at: ContinuousClock.Instant)?
    /// The one look that is under way.
    private var looking: Promise<[Card]>?

    /// - Parameters:
    ///   - age: of what is told again without another look.
    ///   - patience: how long a look is waited for; it goes on, and is told to who asks next.
    ///   - look: may block. Empty when the driver answers what nobody understands; the plan has said so before.
    package init(
        age: Duration = .seconds(5), patience: Duration = .seconds(3),
        look: @escaping @Sendable () -> [Card] = { (try? Discovery().inventory().cards) ?? [] }
    ) {
        self.age = age
        self.patience = patience
        self.look = look
    }

    package func cards() async -> [Card] {
        if let read, read.at.duration(to: .now) < age { return read.cards }
        let looking = looking ?? begin(), patience = patience
        let found = try? await race {
            await looking.value
        } _: {
            try await Pause.for(patience)
            return nil
        }
        if let found, self.looking === looking {
            read = (found, .now)
            self.looking = nil
        }
        return read?.cards ?? []
    }

    private func begin() -> Promise<[Card]> {
        let found = Promise<[Card]>()
        looking = found
        BlockingThread.start { [look] in found.fulfil(look()) }
        return found
    }
}
