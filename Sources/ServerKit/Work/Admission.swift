/// Who may compute, who waits, who is turned away: the decisions, without clocks or threads.
///
/// A bounded number computes, a bounded number waits in the order of arrival, everybody else is refused at once.
public struct Admission: Sendable {
    public typealias Ticket = Int

    public enum Decision: Sendable, Hashable {
        case run(Ticket)
        /// `position` is 1 for the next in line.
        case wait(Ticket, position: Int)
        case refuse
    }

    /// Requests computed at the same time.
    public let capacity: Int
    /// Requests that may wait.
    public let queueCapacity: Int
    public private(set) var running: Set<Ticket> = []
    /// In the order of arrival.
    public private(set) var waiting: [Ticket] = []
    private var lastTicket: Ticket = 0

    public init(capacity: Int, queueCapacity: Int) {
        precondition(capacity > 0 && queueCapacity >= 0, "capacity \(capacity), queue \(queueCapacity)")
        self.capacity = capacity
        self.queueCapacity = queueCapacity
    }

    public var isIdle: Bool { running.isEmpty && waiting.isEmpty }

    public mutating func arrive() -> Decision {
        guard running.count < capacity || waiting.count < queueCapacity else { return .refuse }
        lastTicket += 1
        if running.count < capacity {
            running.insert(lastTicket)
            return .run(lastTicket)
        }
        waiting.append(lastTicket)
        return .wait(lastTicket, position: waiting.count)
    }

    /// The ticket is done or has given up, wherever it stood; returns the one whose turn it is now.
    public mutating func leave(_ ticket: Ticket) -> Ticket? {
        if let index = waiting.firstIndex(of: ticket) {
            waiting.remove(at: index)
            return nil
        }
        guard running.remove(ticket) != nil, !waiting.isEmpty else { return nil }
        let next = waiting.removeFirst()
        running.insert(next)
        return next
    }
}
