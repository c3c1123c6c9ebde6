import Keys
import ServerKit
import Wire

/// A gateway whose images and answers count for the keys of those who ask, one request each. For callers over gRPC; the HTTP door, where one
/// request makes several images, counts itself.
struct MeteredGateway: GatewayHandler {
    let gateway: GatewayService
    let usage: KeyUsage

    func generate(_ request: GenerateImageRequest, _ call: ServerCall, send: @escaping Send<GenerateImageEvent>) async throws {
        try await usage.counting(for: call.caller) { try await gateway.generate(request, call, send: send) }
    }

    func answer(_ request: AnswerQuestionRequest, _ call: ServerCall, send: @escaping Send<AnswerQuestionEvent>) async throws {
        try await usage.counting(for: call.caller) { try await gateway.answer(request, call, send: send) }
    }

    func status(_ request: StatusRequest, _ call: ServerCall) async throws -> FleetStatus { try await gateway.status(request, call) }
}
