import Crypto
import HTTPTypes
import Hummingbird
import HTTPServing
import Wire

/// `Idempotency-Key`: a client that asks again, for it has lost the answer, gets the same one and nothing is computed twice.
extension HTTPDoor {
    /// Visible characters of a key.
    private static let keyLengths = 1...255

    /// Computes a plain answer. Work without a key ends with its client; with one it goes on to its end, since the client may come back.
    /// - Parameter content: all that the request asks for.
    func once(
        _ visit: Visit, _ content: @autoclosure () -> RequestContent, _ work: @escaping @Sendable () async throws -> PlainAnswer
    ) async throws -> Response {
        guard let text = visit.idempotencyKey else { return try await visit.peer.whileConnected(work).response }
        guard Self.keyLengths.contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw APIError(400, "invalid_value", "Idempotency-Key is not 1 to 255 visible ASCII characters", param: "Idempotency-Key")
        }
        let key = IdempotencyLedger.Key(caller: visit.caller.identity, text: text)
        let digest = content().digest(visit.request.uri.path)
        switch ledger.withLock({ $0.begin(key, content: digest, now: .now) }) {
        case .new: return try await compute(key, work).response
        case .answered(var answer):
            answer.headers[.idempotentReplayed] = "true"
            return answer.response
        case .running(let time):
            throw APIError(
                409, "in_progress", "the request with this Idempotency-Key is still computed", retryAfter: max(.seconds(1), min(time, .seconds(30))))
        case .mismatch: throw APIError(422, "idempotency_mismatch", "another request has had this Idempotency-Key", param: "Idempotency-Key")
        case .full: throw APIError(429, "queue_full", "too many requests with an Idempotency-Key are computed", retryAfter: .seconds(5))
        }
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

/// All that a request asks for, as its client has sent it. Forms have another boundary each time, so it is what was read that counts.
struct RequestContent: Sendable {
    var fields: Fields
    var images: [[UInt8]]

    /// SHA-256 of path, fields and images.
    func digest(_ path: String) -> [UInt8] {
        var hash = SHA256()
        for part in [Array(path.utf8), fields.canonical] + images {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: part)
        }
        return Array(hash.finalize())
    }
}
