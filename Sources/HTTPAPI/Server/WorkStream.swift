import Wire

/// Work that tells how it advances, and of which nobody is told before it was accepted.
enum WorkStream {
    /// Begins the work; it is cancelled when nobody reads the stream any more.
    /// - Returns: what the work tells, once it has told something: from then on it was accepted.
    /// - Throws: what ended the work before.
    static func begin(
        _ work: @escaping @Sendable (_ tell: @escaping Send<EventStream.Line>) async throws -> Void
    ) async throws -> AsyncThrowingStream<EventStream.Line, any Error> {
        let (lines, continuation) = AsyncThrowingStream<EventStream.Line, any Error>.makeStream()
        let (begun, begin) = AsyncThrowingStream<Void, any Error>.makeStream()
        let task = Task {
            do {
                try await work { line in
                    begin.yield()
                    continuation.yield(line)
                }
                begin.finish()
                continuation.finish()
            } catch {
                begin.finish(throwing: error)
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { reason in if case .cancelled = reason { task.cancel() } }
        try await withTaskCancellationHandler {
            var iterator = begun.makeAsyncIterator()
            _ = try await iterator.next()
        } onCancel: {
            task.cancel()
        }
        return lines
    }
}
