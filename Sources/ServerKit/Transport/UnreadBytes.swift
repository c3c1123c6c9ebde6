import Synchronization
import Wire

/// Bytes of answers that are made and that their callers have not taken: all together a bounded number. Where later answers need the room, those
/// that have waited longest are given up; a caller that reads takes its answer in a moment.
package final class UnreadBytes: Sendable {
    package typealias Ticket = Int

    private struct State {
        var sum = 0
        /// Those that wait; older ones have smaller tickets.
        var waiting: [Ticket: (bytes: Int, giveUp: @Sendable () -> Void)] = [:]
        var last: Ticket = 0
    }

    package let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: bytes of all answers; one that has more waits alone.
    package init(limit: Int = 256 << 20) { self.limit = limit }

    /// Bytes that wait now.
    package var sum: Int { state.withLock { $0.sum } }

    /// Counts an answer until it has left.
    /// - Parameter giveUp: called at most once, when later answers need the room; this one then counts no more.
    package func enter(_ bytes: Int, giveUp: @escaping @Sendable () -> Void) -> Ticket {
        let (ticket, oldest) = state.withLock { state in
            var oldest: [@Sendable () -> Void] = []
            while state.sum + bytes > limit, let first = state.waiting.keys.min(), let (held, giveUp) = state.waiting.removeValue(forKey: first) {
                state.sum -= held
                oldest.append(giveUp)
            }
            state.last += 1
            state.sum += bytes
            state.waiting[state.last] = (bytes, giveUp)
            return (state.last, oldest)
        }
        for giveUp in oldest { giveUp() }
        return ticket
    }

    /// The answer was taken, or can't be any more.
    /// - Returns: whether it had been given up.
    @discardableResult
    package func leave(_ ticket: Ticket) -> Bool {
        state.withLock { state in
            guard let (bytes, _) = state.waiting.removeValue(forKey: ticket) else { return true }
            state.sum -= bytes
            return false
        }
    }

    /// Runs `send`, which waits for the caller to take an answer of so many bytes.
    /// - Parameter send: is cancelled when the answer is given up.
    /// - Throws: RESOURCE_EXHAUSTED for one that was given up; what `send` throws.
    package func sending(_ bytes: Int, _ send: @escaping @Sendable () async throws -> Void) async throws {
        let sending = Task(operation: send)
        let ticket = enter(bytes) { sending.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await sending.value
            } onCancel: {
                sending.cancel()
            }
            leave(ticket)
        } catch {
            guard leave(ticket) else { throw error }
            throw CallError(.resourceExhausted, "the answer was not taken, and the room was needed: at most \(limit) bytes of answers wait")
        }
    }
}
