import Domain
import Foundation
public import Keys
public import Wire

extension KeyUsage {
    /// Runs work that counts for a caller's key. What fails has used nothing of the day's images and answers, unless the caller has left or
    /// its deadline has passed: it may have had most of an answer by then.
    /// - Parameters:
    ///   - count: images or answers that it makes.
    ///   - caller: without a key it has no limits.
    /// - Throws: ``UsageRefusal`` before it runs; and what `body` throws.
    public nonisolated func counting<R: Sendable>(
        _ count: Int = 1, for caller: Caller, _ body: @Sendable () async throws -> R
    ) async throws -> R {
        guard let grant = caller.grant else { return try await body() }
        let day = try await take(count, grant, at: .now, on: .now)
        do {
            return try await body()
        } catch {
            if !Self.hasUsed(error) { await giveBack(count, grant, on: day) }
            throw error
        }
    }
}

extension KeyUsage {
    private static func hasUsed(_ error: any Error) -> Bool {
        guard let error = error as? CallError else { return error is CancellationError }
        // One that is refused for its deadline before any work is told when to ask again.
        return error.status == .cancelled || error.status == .deadlineExceeded && error.retryAfter == nil
    }
}

extension UsageRefusal {
    public var callError: CallError { CallError(.resourceExhausted, message, retryAfter: retryAfter) }
}
