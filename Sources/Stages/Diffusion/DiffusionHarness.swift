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
        try await gate.work(call) { token in
            let steps = EventBuffer<Int>()
            async let rendered = {
                defer { steps.finish() }
                return try await service.render(request, token: token, onStep: steps.append)
            }()
            do {
                for await batch in steps {
                    for step in batch { try await send(.step(RenderStep(step: step, steps: request.parameters.steps))) }
                }
            } catch {
                // Nobody reads any more: the loop stops at its next step.
                token.cancel(.callerLeft)
                throw error
            }
            try await send(.result(try await rendered))
        }
    }
}
