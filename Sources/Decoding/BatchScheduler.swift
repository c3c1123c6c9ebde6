/// Which request waits for pages, which one is in prefill and which ones decode: the order of a batch, without model or memory.
///
/// A request takes its place and all its pages when it is admitted and keeps them to its end, so no request is ever preempted. One
/// request at a time is in prefill, and requests are admitted in the order of arrival: a large one that waits for pages is not overtaken.
package struct BatchScheduler: Sendable {
    package typealias Ticket = Int

    /// The most requests that hold pages at the same time.
    package let size: Int
    /// In the order of arrival.
    package private(set) var waiting: [(ticket: Ticket, pages: Int)] = []
    /// The request in prefill.
    package private(set) var prefilling: Ticket?
    /// The requests that decode, in the order of their admission.
    package private(set) var running: [Ticket] = []

    package init(size: Int) {
        precondition(size > 0, "a batch of \(size)")
        self.size = size
    }

    package var isEmpty: Bool { waiting.isEmpty && prefilling == nil && running.isEmpty }
    /// All requests, those furthest first.
    package var tickets: [Ticket] { running + (prefilling.map { [$0] } ?? []) + waiting.map(\.ticket) }

    package mutating func enqueue(_ ticket: Ticket, pages: Int) { waiting.append((ticket, pages)) }

    /// Admits the first waiting request to prefill if there is a place and enough free pages.
    /// - Returns: the request that was admitted.
    package mutating func admit(freePages: Int) -> Ticket? {
        guard prefilling == nil, running.count < size, let first = waiting.first, first.pages <= freePages else { return nil }
        waiting.removeFirst()
        prefilling = first.ticket
        return first.ticket
    }

    /// The prompt of the request in prefill is complete: it decodes from now on.
    package mutating func finishPrefill() {
        guard let ticket = prefilling else { return }
        prefilling = nil
        running.append(ticket)
    }

    /// Removes a request that is done, cancelled or failed, whatever its state.
    package mutating func remove(_ ticket: Ticket) {
        if prefilling == ticket { prefilling = nil }
        waiting.removeAll { $0.ticket == ticket }
        running.removeAll { $0 == ticket }
    }
}
