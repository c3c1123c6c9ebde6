import Foundation

/// What rank 0 decided at each point where a pass may end. The other ranks do the same at the same point, so that none waits in a collective
/// for one that has left.
///
/// Safe to share: the condition guards all state.
final class SharedCancellation: @unchecked Sendable {
    private let condition = NSCondition()
    /// Points that rank 0 has passed.
    private var passed = 0
    private var hasEnded = false
    private var cancelled = false

    /// Whether the pass ends because rank 0's caller wants it to.
    var isCancelled: Bool { condition.withLock { cancelled } }

    /// Rank 0 at its next point.
    func lead(_ check: () throws -> Void) throws {
        do { try check() } catch {
            condition.withLock { cancelled = true }
            throw error
        }
        condition.withLock {
            passed += 1
            condition.broadcast()
        }
    }

    /// Another rank at its point number `point`, from 0.
    /// - Throws: `CancellationError` where rank 0 has gone no further.
    func follow(_ point: Int) throws {
        try condition.withLock {
            while passed <= point, !hasEnded { condition.wait() }
            if passed <= point { throw CancellationError() }
        }
    }

    /// Rank 0 passes no more points.
    func end() {
        condition.withLock {
            hasEnded = true
            condition.broadcast()
        }
    }
}
