public import Domain
public import ServerKit
public import Wire

/// Answers ``Methods/Diffusion`` with a diffusion service.
public struct DiffusionHarness<Service: DiffusionService>: DiffusionHandler {
    private let service: Service
    private let gate: WorkGate

    public init(_ service: Service, gate: WorkGate) {
        self.service = service
        self.gate = gate
    }

    public func render(_ request: RenderRequest, _ call: ServerCall, send: @escaping Send<RenderEvent>) async throws {
        try await gate.stream(call) {
            try await service.render(request, token: $0, onEvent: $1)
        } send: { batch in
            for event in batch { try await send(event) }
        } finish: {
            try await send(.result($0))
        }
    }
}
