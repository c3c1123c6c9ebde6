import Synchronization

/// Carries events from a computing thread to an async sender: `append` never waits, and a slow reader gets several at once.
public final class EventBuffer<Event: Sendable>: Sendable, AsyncSequence {
    public typealias Element = [Event]
    /// Adds an event to the one before it; false when they have to stay apart.
    public typealias Merge = @Sendable (_ event: Event, _ last: inout Event) -> Bool

    private let events = Mutex<[Event]>([])
    private let merge: Merge?
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation

    /// - Parameter merge: for events that the reader has not taken yet; nil: they all stay apart.
    public init(merging merge: Merge? = nil) {
        self.merge = merge
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    public func append(_ event: Event) {
        events.withLock { events in
            if let merge, !events.isEmpty, merge(event, &events[events.count - 1]) { return }
            events.append(event)
        }
        wakeUp.yield()
    }

    /// No more events come; the reader gets those appended before.
    public func finish() { wakeUp.finish() }

    public func makeAsyncIterator() -> Iterator { Iterator(buffer: self, wakeUps: wakeUps.makeAsyncIterator()) }

    public struct Iterator: AsyncIteratorProtocol {
        let buffer: EventBuffer
        var wakeUps: AsyncStream<Void>.Iterator

        /// All events since the last call, in order, at least one; nil at the end.
        public mutating func next() async -> [Event]? {
            while true {
                let goesOn = await wakeUps.next() != nil
                let batch = buffer.events.withLock { events in
                    defer { events = [] }
                    return events
                }
                if !batch.isEmpty { return batch }
                if !goesOn { return nil }
            }
        }
    }
}
