/// Whether a stage makes something of a request: the decisions, with time passed in.
///
/// What it tells of the request shows it, and as well that it computes at all: a stage may be slow, and a request may wait in the stage's own
/// queue, behind those of other gateways, for longer than any limit.
package struct StallClock: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        /// It has computed since it was asked last.
        case computes
        /// It is to be asked again after this long.
        case unknown(Duration)
        case stalled
    }

    /// Silence of the stage that is borne.
    package let limit: Duration
    /// What the stage said last; nil: it did not answer, or was not asked yet.
    private var known: Int?

    package init(limit: Duration) { self.limit = limit }

    /// How long not to ask the stage; nil: it is to be asked now.
    /// - Parameter idle: since its last sign of life.
    package func pause(idle: Duration) -> Duration? { idle < limit / 2 ? limit / 2 - idle : nil }

    /// - Parameters:
    ///   - progress: a number that grows while the stage computes, for whomever; nil: it did not answer.
    ///   - idle: since its last sign of life, when it was asked.
    package mutating func answered(_ progress: Int?, idle: Duration) -> Verdict {
        defer { known = progress }
        if let progress, let known, progress > known { return .computes }
        guard idle >= limit else { return .unknown(limit - idle) }
        // One answer alone says nothing: with the one before it lost, the stage is owed another.
        return progress != nil && known == nil ? .unknown(limit / 2) : .stalled
    }
}
