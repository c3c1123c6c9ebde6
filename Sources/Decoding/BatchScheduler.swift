/// Which request waits for pages, which one is in prefill and which ones decode: the order of a batch, without model or memory.
///
/// Requests are admitted in the order of arrival, one at a time: a large one that waits for pages is not overtaken. A request takes pages as
/// it grows, unless its end is known; when there are none, the one that was admitted last is paused. It goes back to the head of the queue, so the
/// order of arrival is always: running, in prefill, waiting. The first request is never paused for another, so each ends.
package struct BatchScheduler: Sendable {
    package typealias Ticket = Int

    /// The most requests that hold pages at the same time.
    package let size: Int
    /// In the order of arrival.
    package private(set) var waiting: [Ticket] = []
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
    package var tickets: [Ticket] { running + (prefilling.map { [$0] } ?? []) + waiting }

    package mutating func enqueue(_ ticket: Ticket) { waiting.append(ticket) }

    /// Admits the first waiting request to prefill if there is a place and it gets its pages.
    /// - Parameter takesPages: takes the pages, and returns whether there were enough.
    /// - Returns: the request that was admitted.
    package mutating func admit(_ takesPages: (Ticket) -> Bool) -> Ticket? {
        guard prefilling == nil, running.count < size, let first = waiting.first, takesPages(first) else { return nil }
        waiting.removeFirst()
        prefilling = first
        return first
    }

    /// The prompt of the request in prefill is complete: it decodes from now on.
    package mutating func finishPrefill() {
        guard let ticket = prefilling else { return }
        prefilling = nil
        running.append(ticket)
    }

    /// Sends the request that was admitted last back to the head of the queue.
    /// - Returns: that request, which must give up its pages; nil if none holds any.
    package mutating func pauseLast() -> Ticket? {
        guard let ticket = prefilling ?? running.last else { return nil }
        remove(ticket)
        waiting.insert(ticket, at: 0)
        return ticket
    }

    /// Removes a request that is done, cancelled or failed, whatever its state.
    package mutating func remove(_ ticket: Ticket) {
        if prefilling == ticket { prefilling = nil }
        waiting.removeAll { $0 == ticket }
        running.removeAll { $0 == ticket }
    }
}
