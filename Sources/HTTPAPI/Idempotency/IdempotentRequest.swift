import Crypto
import Hummingbird
import Wire

/// A request with an `Idempotency-Key`: whose it is, and a digest of all that it asks for.
struct IdempotentRequest: Sendable {
    let key: IdempotencyLedger.Key
    /// SHA-256 of path, fields and images as they stand in the request: a form has another boundary each time that it is sent.
    let content: [UInt8]

    /// Visible characters of a key.
    private static let keyLengths = 1...255

    /// - Returns: nil: the request has no key.
    init?(_ visit: Visit, _ fields: Fields, _ sources: [ImageSource] = []) throws(APIError) {
        guard let text = visit.idempotencyKey else { return nil }
        guard Self.keyLengths.contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw APIError(400, "invalid_value", "Idempotency-Key is not 1 to 255 visible ASCII characters", param: "Idempotency-Key")
        }
        key = IdempotencyLedger.Key(caller: visit.caller.identity, text: text)
        var hash = SHA256()
        for part in [Array(visit.request.uri.path.utf8), fields.canonical] + sources.map(\.content) {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: part)
        }
        content = Array(hash.finalize())
    }
}
