import Synchronization

/// What the health service of a server answers: the state of each service and of the whole (the empty name).
public final class HealthBoard: Sendable {
    private struct State {
        var statuses: [String: HealthCheckResponse.ServingStatus]
        var watchers: [Int: (service: String, continuation: AsyncStream<HealthCheckResponse.ServingStatus>.Continuation)] = [:]
        var nextWatcher = 0
    }

    private let state: Mutex<State>

    /// All start as NOT_SERVING.
    public init(services: [String]) {
        state = Mutex(State(statuses: Dictionary(([""] + services).map { ($0, .notServing) }, uniquingKeysWith: { $1 })))
    }

    /// Sets all services and the whole.
    public func set(_ status: HealthCheckResponse.ServingStatus) {
        state.withLock { state in
            for service in state.statuses.keys { state.statuses[service] = status }
            for watcher in state.watchers.values where state.statuses[watcher.service] != nil { watcher.continuation.yield(status) }
        }
    }

    public func status(of service: String) -> HealthCheckResponse.ServingStatus? {
        state.withLock { $0.statuses[service] }
    }

    /// The state now and after every change; of several changes that nobody has read, only the last.
    func changes(of service: String) -> AsyncStream<HealthCheckResponse.ServingStatus> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let id = state.withLock { state in
                state.nextWatcher += 1
                state.watchers[state.nextWatcher] = (service, continuation)
                continuation.yield(state.statuses[service] ?? .serviceUnknown)
                return state.nextWatcher
            }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
            }
        }
    }
}

extension HealthBoard: HealthHandler {
    public func check(_ request: HealthCheckRequest, _ call: ServerCall) async throws -> HealthCheckResponse {
        guard let status = status(of: request.service) else {
            throw CallError(.notFound, "no service \"\(request.service)\"").rpcError
        }
        return HealthCheckResponse(status: status)
    }

    public func list(_ request: HealthListRequest, _ call: ServerCall) async throws -> HealthListResponse {
        HealthListResponse(statuses: state.withLock { $0.statuses.mapValues { HealthCheckResponse(status: $0) } })
    }

    public func watch(_ request: HealthCheckRequest, _ call: ServerCall, send: @escaping Send<HealthCheckResponse>) async throws {
        // A watcher never ends by itself.
        try await endingWithCall {
            for await status in self.changes(of: request.service) { try await send(HealthCheckResponse(status: status)) }
        }
    }
}
