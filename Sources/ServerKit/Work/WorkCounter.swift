import Synchronization

/// Counts what requests found of the work of earlier ones, and what they lost to others; told by Describe.
public final class WorkCounter: Sendable {
    private struct Counts {
        var hits = 0
        var misses = 0
        var cachedTokens = 0
        var preempted = 0
        var passes = 0
        var decodedTokens = 0
    }

    private let counts = Mutex(Counts())
    private let hear = Mutex<(@Sendable (String) -> Void)?>(nil)

    public init() {}

    /// A request could have found work of an earlier one done.
    /// - Parameter hit: it did.
    public func count(hit: Bool) {
        counts.withLock { if hit { $0.hits += 1 } else { $0.misses += 1 } }
    }

    /// A request found so many tokens of its prompt read; 0: none.
    public func count(cachedTokens: Int) {
        count(hit: cachedTokens > 0)
        counts.withLock { $0.cachedTokens += cachedTokens }
    }

    /// What a decoder has done since the process started.
    /// - Parameters:
    ///   - preempted: how often a request was paused for others.
    ///   - passes: of a request through the decoder, each for at least one token.
    ///   - decodedTokens: that these passes gave.
    public func set(preempted: Int, passes: Int, decodedTokens: Int) {
        counts.withLock { ($0.preempted, $0.passes, $0.decodedTokens) = (preempted, passes, decodedTokens) }
    }

    /// Who hears of notes.
    public func listen(_ hear: @escaping @Sendable (String) -> Void) { self.hear.withLock { $0 = hear } }

    /// Something about the work that an operator should know, for the log.
    public func note(_ text: String) { hear.withLock { $0 }?(text) }

    public var hits: Int { counts.withLock { $0.hits } }
    public var misses: Int { counts.withLock { $0.misses } }
    public var cachedTokens: Int { counts.withLock { $0.cachedTokens } }
    public var preempted: Int { counts.withLock { $0.preempted } }
    public var passes: Int { counts.withLock { $0.passes } }
    public var decodedTokens: Int { counts.withLock { $0.decodedTokens } }
}
