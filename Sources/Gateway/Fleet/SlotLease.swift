import Wire

/// A slot of a stage, held for one request.
struct SlotLease: Sendable {
    let id: SlotScheduler.ID
    let replica: Registry.Replica
    let connection: StageConnection
    /// Requests that the stage had when the slot was given, this one included.
    let beside: Int

    /// - Parameter called: when the stage was called, in seconds from the arrival of the request.
    func source(called: Double) -> StageSource {
        StageSource(instance: replica.instance, fingerprint: replica.fingerprint, numerics: replica.numerics, called: called)
    }
}
