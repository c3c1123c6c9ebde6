import Domain
import GRPCCore
public import ServerKit
public import Wire

/// What the gateway answers: pictures, and what its fleet is.
public struct GatewayService: GatewayHandler {
    private let imageService: ImageService
    private let gate: WorkGate
    private let description: @Sendable () -> StageDescription
    private let report: @Sendable () async -> FleetStatus

    /// - Parameters:
    ///   - gate: counts the requests under way, for the drain.
    ///   - description: of the gateway itself.
    ///   - report: what Status answers.
    public init(
        imageService: ImageService, gate: WorkGate, description: @escaping @Sendable () -> StageDescription,
        report: @escaping @Sendable () async -> FleetStatus
    ) {
        self.imageService = imageService
        self.gate = gate
        self.description = description
        self.report = report
    }

    public func generate(_ request: GenerateImageRequest, _ call: ServerCall, send: @escaping Send<GenerateImageEvent>) async throws {
        let start = ContinuousClock.now
        let deadline = call.timeout.map { start + $0 }
        try await gate.work(call) { token in
            do {
                try await endingWithCall {
                    let validated = try await imageService.validate(request, requestID: call.requestID)
                    var image = try await imageService.make(validated, by: call.caller, deadline: deadline) {
                        try await send(.accepted($0))
                    } progress: {
                        try await send(.progress($0))
                    }
                    let own = description()
                    image.timings.append(
                        StageTiming(stage: own.kind, instance: own.instance, phase: "total", seconds: start.duration(to: .now).inSeconds))
                    try await send(.image(image))
                }
            } catch {
                // Why the work was ended says more than how its calls failed.
                try token.checkCancellation()
                throw error
            }
        }
    }

    public func status(_ request: StatusRequest, _ call: ServerCall) async throws -> FleetStatus { await report() }
}

/// Runs `body` in a task that is cancelled when the caller leaves: gRPC tells of that by a handle only.
func endingWithCall(_ body: @escaping @Sendable () async throws -> Void) async throws {
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
