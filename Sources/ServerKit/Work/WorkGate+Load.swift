package import Wire

extension WorkGate {
    /// Hands over the load now and after changes; of those that come while the pace has it wait, the last. Ends with its task, or by what
    /// `send` throws.
    package func tellLoad(
        pace: TellingPace = TellingPace(8, in: .seconds(1)), pause: @Sendable (Duration) async throws -> Void = Pause.for, _ send: Send<StageLoad>
    ) async throws {
        var pace = pace
        // Told again though it be what it was: whoever sent a request meanwhile learns that it has come.
        for await load in loads() {
            try await send(load)
            let wait = pace.told(now: .now)
            if wait > .zero { try await pause(wait) }
        }
    }
}
