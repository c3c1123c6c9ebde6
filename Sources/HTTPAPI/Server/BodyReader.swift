import Hummingbird
package import NIOCore
package import ServerKit

/// Reads requests' bodies: each within its own limit and time, all that are being read within one budget.
package struct BodyReader: Sendable {
    private let budget: ByteBudget

    package init(budget: ByteBudget) { self.budget = budget }

    /// A body that breaks off, or is not in pieces as HTTP has them, is its client's doing.
    private static func next<Pieces: AsyncIteratorProtocol>(_ pieces: inout Pieces) async throws(APIError) -> ByteBuffer?
    where Pieces.Element == ByteBuffer {
        do { return try await pieces.next() } catch { throw APIError(400, "invalid_request", "the body broke off, or is malformed") }
    }

    /// Hands over the body's pieces as they come.
    /// - Parameters:
    ///   - limit: bytes.
    ///   - length: what the head says; nil: nothing.
    ///   - take: what it throws ends the reading.
    /// - Throws: 400 for a body that breaks off; 413 beyond the limit, before anything is read where the head tells the length; 408 for one that is too slow; 429 while other
    ///   bodies take all memory.
    package func read(
        _ body: some AsyncSequence<ByteBuffer, any Error>, limit: Int, length: Int?, _ take: (ByteBufferView) throws(APIError) -> Void
    ) async throws {
        func tooLarge(_ count: Int) -> APIError { APIError(413, "request_too_large", "the body has \(count) bytes; at most \(limit)") }
        if let length, length > limit { throw tooLarge(length) }
        var share = ByteBudget.Share()
        var count = 0
        defer { budget.give(&share) }
        let start = ContinuousClock.now
        var pieces = body.makeAsyncIterator()
        while let buffer = try await Self.next(&pieces) {
            count += buffer.readableBytes
            guard count <= limit else { throw tooLarge(count) }
            guard budget.take(buffer.readableBytes, &share) else {
                throw APIError(429, "queue_full", "bodies of other requests take all memory that is meant for them", retryAfter: .seconds(1))
            }
            try take(buffer.readableBytesView)
            let elapsed = start.duration(to: .now)
            guard BodyPace.holds(count, after: elapsed) else {
                throw APIError(408, "request_timeout", "the body comes too slowly: \(count) bytes in \(Int(elapsed / .seconds(1))) s")
            }
        }
    }
}
