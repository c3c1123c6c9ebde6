import HTTPTypes
import Hummingbird
import HTTPServing
import Wire

/// `Idempotency-Key`: a client that asks again, for it has lost the answer, gets the same one and nothing is computed twice.
extension HTTPDoor {
    /// Computes a plain answer. Work without a key ends with its client; with one it goes on to its end, since the client may come back.
    /// - Parameter named: nil: it has no key.
    func once(
        _ visit: Visit, _ named: IdempotentRequest?, _ work: @escaping @Sendable () async throws -> PlainAnswer
    ) async throws -> Response {
        guard let named else { return try await visit.peer.whileConnected(work).response }
        switch ledger.withLock({ $0.begin(named.key, content: named.content, now: .now) }) {
        case .new: return try await compute(named.key, work).response
        case .answered(let answer): return Self.replayed(answer)
        case .running(let time):
            throw APIError(
                409, "in_progress", "the request with this Idempotency-Key is still computed", retryAfter: max(.seconds(1), min(time, .seconds(30))))
        case .mismatch: throw APIError(422, "idempotency_mismatch", "another request has had this Idempotency-Key", param: "Idempotency-Key")
        case .full: throw APIError(429, "queue_full", "too many requests with an Idempotency-Key are computed", retryAfter: .seconds(5))
        }
    }

    /// The answer that a request has had; nil: none, or it has no key.
    func known(_ named: IdempotentRequest?) -> Response? {
        named.flatMap { named in ledger.withLock { $0.answer(named.key, content: named.content, now: .now) } }.map(Self.replayed)
    }

    private static func replayed(_ answer: PlainAnswer) -> Response {
        var answer = answer
        answer.headers[.idempotentReplayed] = "true"
        return answer.response
    }

    /// In a task of its own, which nobody cancels.
    private func compute(_ key: IdempotencyLedger.Key, _ work: @escaping @Sendable () async throws -> PlainAnswer) async throws -> PlainAnswer {
        try await Task { [ledger] in
            do {
                let answer = try await work()
                ledger.withLock { $0.finish(key, answer, now: .now) }
                return answer
            } catch {
                ledger.withLock { $0.forget(key) }
                throw error
            }
        }.value
    }
}
