import Wire

/// A slot of a stage, held for one request.
struct Lease: Sendable {
    let id: Dispatch.ID
    let replica: Registry.Replica
    let connection: StageConnection
}
