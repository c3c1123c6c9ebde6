public import Wire

extension WorkGate {
    /// Runs a computation that tells events, when it is the call's turn, and sends them on while it computes.
    ///
    /// - Parameters:
    ///   - merge: adds an event to the one before it, while neither has been sent; nil: they all stay apart.
    ///   - produce: computes; its second argument may be called from any thread and never waits.
    ///   - send: gets the events since its last call, in order. What it throws, as when nobody reads any more, tells `produce` to stop.
    ///   - finish: gets what `produce` returned, after all events; a drain waits for it.
    /// - Throws: as ``work(_:_:)``.
    public func stream<Event: Sendable, R: Sendable>(
        _ call: ServerCall, merging merge: EventBuffer<Event>.Merge? = nil,
        _ produce: @escaping @Sendable (WorkToken, @escaping @Sendable (Event) -> Void) async throws -> R,
        send: ([Event]) async throws -> Void, finish: (R) async throws -> Void
    ) async throws {
        try await work(call) { token in
            let events = EventBuffer<Event>(merging: merge)
            async let result = {
                defer { events.finish() }
                return try await produce(token, events.append)
            }()
            do {
                for await batch in events { try await send(batch) }
            } catch {
                token.cancel(.callerLeft)
                throw error
            }
            try await finish(try await result)
        }
    }
}
