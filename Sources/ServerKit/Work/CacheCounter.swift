import Synchronization

/// Counts how often a request found work of an earlier one done.
public final class CacheCounter: Sendable {
    private let counts = Mutex((hits: 0, misses: 0))

    public init() {}

    public func count(hit: Bool) {
        counts.withLock { if hit { $0.hits += 1 } else { $0.misses += 1 } }
    }

    public var hits: Int { counts.withLock { $0.hits } }
    public var misses: Int { counts.withLock { $0.misses } }
}
