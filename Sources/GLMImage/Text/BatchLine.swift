/// Who waits for pages, who reads its prompt, who draws: the order of a batch, without model or memory.
///
/// A request takes its place and all its pages when it joins and keeps them to its end, so nobody is ever put off again. One
/// joins at a time, always the first in line: a large request that waits for pages is not overtaken.
package struct BatchLine: Sendable {
    package typealias Ticket = Int

    /// Requests that hold pages at the same time.
    package let size: Int
    /// In the order of arrival.
    package private(set) var waiting: [(ticket: Ticket, pages: Int)] = []
    package private(set) var joining: Ticket?
    /// In the order of joining.
    package private(set) var running: [Ticket] = []

    package init(size: Int) {
        precondition(size > 0, "a batch of \(size)")
        self.size = size
    }

    package var isEmpty: Bool { waiting.isEmpty && joining == nil && running.isEmpty }
    /// All of them, those furthest first.
    package var tickets: [Ticket] { running + (joining.map { [$0] } ?? []) + waiting.map(\.ticket) }

    package mutating func arrive(_ ticket: Ticket, pages: Int) { waiting.append((ticket, pages)) }

    /// The one who joins now, if there is a place and as many free pages as it needs.
    package mutating func admit(freePages: Int) -> Ticket? {
        guard joining == nil, running.count < size, let first = waiting.first, first.pages <= freePages else { return nil }
        waiting.removeFirst()
        joining = first.ticket
        return first.ticket
    }

    /// The joining one has read its prompt.
    package mutating func joined() {
        guard let ticket = joining else { return }
        joining = nil
        running.append(ticket)
    }

    /// Done or given up, wherever it stood.
    package mutating func leave(_ ticket: Ticket) {
        if joining == ticket { joining = nil }
        waiting.removeAll { $0.ticket == ticket }
        running.removeAll { $0 == ticket }
    }
}
