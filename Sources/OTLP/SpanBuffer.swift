package import Traces

/// Spans that wait to be sent: at most so many. Those for which there is no room are counted and dropped.
package struct SpanBuffer: Sendable {
    /// What the sender is to be told of.
    package enum Event: Sendable, Hashable {
        /// There was none before: it is sent with those that follow within a second.
        case first
        /// A batch is complete.
        case full
    }

    /// Spans that are sent together at most.
    package static let batch = 512

    package let limit: Int
    private var spans: [SpanRecord] = []

    package init(limit: Int = 8 * batch) { self.limit = limit }

    package var count: Int { spans.count }

    /// - Returns: nil: nothing is to be told.
    /// - Throws: ``Full``.
    package mutating func append(_ span: SpanRecord) throws(Full) -> Event? {
        guard spans.count < limit else { throw Full() }
        spans.append(span)
        if spans.count == Self.batch { return .full }
        return spans.count == 1 ? .first : nil
    }

    /// The oldest spans; empty: there is none.
    package mutating func take() -> [SpanRecord] {
        let taken = Array(spans.prefix(Self.batch))
        spans.removeFirst(taken.count)
        return taken
    }

    /// The span was dropped.
    package struct Full: Error {}
}
