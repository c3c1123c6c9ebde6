import GRPCCore

/// Runs `body` in a task that is cancelled when the caller leaves or the server shuts down: gRPC tells of that by a handle only.
package func endingWithCall(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let work = Task { try await body() }
    try await withRPCCancellationHandler {
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            work.cancel()
        }
    } onCancelRPC: {
        work.cancel()
    }
}
