import Domain
public import ServerKit
public import Wire

/// Answers ``Methods/Vision`` with a vision service.
public struct VisionHarness<Service: VisionService>: VisionHandler {
    private let service: Service
    private let gate: WorkGate

    public init(_ service: Service, gate: WorkGate) {
        self.service = service
        self.gate = gate
    }

    public func encode(_ request: EncodeRequest, _ call: ServerCall) async throws -> EncodeResponse {
        try RequestLimits.checkImageFile(request.image, "image")
        return try await gate.work(call) { token in
            let (grid, timings) = try await service.encode(request.image, token: token)
            return EncodeResponse(grid: grid, timings: timings)
        }
    }
}
