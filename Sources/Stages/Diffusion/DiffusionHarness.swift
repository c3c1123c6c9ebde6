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
            try await service.render(request, token: $0, onStep: $1)
        } send: { batch in
            for step in batch { try await send(.step(RenderStep(step: step, steps: request.parameters.steps))) }
        } finish: {
            try await send(.result($0))
        }
    }
}
