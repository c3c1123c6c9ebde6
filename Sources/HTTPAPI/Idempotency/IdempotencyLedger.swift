/// Which requests with an `Idempotency-Key` run, and what those that are done were answered: the decisions, with time passed in.
///
/// What failed is forgotten: whoever asks again is computed anew.
package struct IdempotencyLedger: Sendable {
    /// One caller's name for one request.
    package struct Key: Sendable, Hashable {
        package var caller: String
        package var text: String

        package init(caller: String, text: String) {
            self.caller = caller
            self.text = text
        }
    }

    package enum Verdict: Sendable, Hashable {
        /// It is to be computed; ``finish(_:_:now:)`` or ``forget(_:)`` must follow.
        case new
        /// It was computed.
        case answered(PlainAnswer)
        /// It is being computed, for so long.
        case running(since: Duration)
        /// The key names another request.
        case mismatch
        /// No more requests can be told apart now.
        case full
    }

    private struct Entry: Sendable {
        let content: [UInt8]
        let begun: ContinuousClock.Instant
        var answer: PlainAnswer?
        var end: ContinuousClock.Instant?
    }

    /// How long an answer is kept.
    package static let lifetime = Duration.seconds(3600)

    private let byteLimit: Int
    private let countLimit: Int
    private var entries: [Key: Entry] = [:]
    /// Those that are answered, the first to end first.
    private var answered: [Key] = []
    package private(set) var bytes = 0

    /// - Parameter byteLimit: of all answers; one that has more is not kept.
    package init(byteLimit: Int = 256 << 20, countLimit: Int = 4096) {
        self.byteLimit = byteLimit
        self.countLimit = countLimit
    }

    package var count: Int { entries.count }

    /// - Parameter content: digest of all that the request asks for.
    package mutating func begin(_ key: Key, content: [UInt8], now: ContinuousClock.Instant) -> Verdict {
        while let first = answered.first, let end = entries[first]?.end, end <= now { forgetOldest() }
        if let entry = entries[key] {
            guard entry.content == content else { return .mismatch }
            return entry.answer.map { .answered($0) } ?? .running(since: entry.begun.duration(to: now))
        }
        if entries.count >= countLimit {
            guard !answered.isEmpty else { return .full }
            forgetOldest()
        }
        entries[key] = Entry(content: content, begun: now)
        return .new
    }

    /// What a request was answered; nil: it was not, or it is another one.
    package func answer(_ key: Key, content: [UInt8], now: ContinuousClock.Instant) -> PlainAnswer? {
        guard let entry = entries[key], entry.content == content, let end = entry.end, end > now else { return nil }
        return entry.answer
    }

    package mutating func finish(_ key: Key, _ answer: PlainAnswer, now: ContinuousClock.Instant) {
        guard entries[key] != nil, answer.body.count <= byteLimit else { return forget(key) }
        while !answered.isEmpty, bytes + answer.body.count > byteLimit { forgetOldest() }
        entries[key]?.answer = answer
        entries[key]?.end = now + Self.lifetime
        answered.append(key)
        bytes += answer.body.count
    }

    /// It has failed.
    package mutating func forget(_ key: Key) { entries[key] = nil }

    private mutating func forgetOldest() {
        let entry = entries.removeValue(forKey: answered.removeFirst())
        bytes -= entry?.answer?.body.count ?? 0
    }
}
