import Domain
import Wire

/// A slot of a stage, held for one request.
struct SlotLease: Sendable {
    let id: SlotScheduler.ID
    let replica: Registry.Replica
    let connection: StageConnection
    /// Requests that the stage had when the slot was given, this one included.
    let beside: Int

    /// - Parameters:
    ///   - first: the numerics of the stage that the call was on first.
    ///   - called: when the stage was called, in seconds from the arrival of the request.
    func source(first: Numerics? = nil, called: Double) -> StageSource {
        StageSource(
            instance: replica.instance, fingerprint: replica.fingerprint, numerics: replica.numerics,
            insteadOf: first == replica.numerics ? nil : first, called: called)
    }
}
