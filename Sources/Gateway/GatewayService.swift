import GRPCCore
public import Logging
public import StageKit
public import Wire

/// What the gateway answers: pictures, and what its fleet is.
public struct GatewayService: GatewayHandler {
    private let fleet: Fleet
    private let gate: WorkGate
    private let logger: Logger
    private let description: @Sendable () -> StageDescription

    /// - Parameters:
    ///   - gate: counts the requests under way, and bounds them.
    ///   - description: of the gateway itself.
    public init(fleet: Fleet, gate: WorkGate, logger: Logger, description: @escaping @Sendable () -> StageDescription) {
        self.fleet = fleet
        self.gate = gate
        self.logger = logger
        self.description = description
    }

    public func generate(_ request: GenerateImageRequest, _ call: ServerCall, send: @escaping Send<GenerateImageEvent>) async throws {
        let deadline = call.timeout.map { ContinuousClock.now + $0 }
        try await gate.work(call) { token in
            do {
                try await endingWithCall { try await make(request, call, deadline, send) }
            } catch {
                // Why the work was ended says more than how its calls failed.
                try token.checkCancellation()
                throw error
            }
        }
    }

    public func status(_ request: StatusRequest, _ call: ServerCall) async throws -> FleetStatus {
        FleetStatus(gateway: description(), stages: await fleet.status())
    }

    private func make(
        _ request: GenerateImageRequest, _ call: ServerCall, _ deadline: ContinuousClock.Instant?, _ send: @escaping Send<GenerateImageEvent>
    ) async throws {
        let start = ContinuousClock.now
        let rules = RequestRules(defaultSide: await fleet.defaultSide())
        // 32 bits: torch's generator reads no more of a seed, and people can type them.
        let order = try rules.order(request, requestID: call.requestID, seed: UInt64(UInt32.random(in: .min ... .max)))
        let route = try await fleet.route(for: StageKind.needed(sources: order.images.count))
        logger.info(
            "accepted",
            metadata: [
                "request": "\(call.requestID)", "size": "\(order.width)x\(order.height)", "sources": "\(order.images.count)",
                "steps": "\(order.steps)", "guidance": "\(order.guidanceScale)", "seed": "\(order.seed)",
                "stages": "\(route.stages.values.map(\.name).sorted().joined(separator: " "))",
            ])
        try await send(.accepted(order.accepted(route)))
        var answer = try await Router(fleet: fleet).run(order, route, deadline: deadline) { try await send(.progress($0)) }
        let own = description()
        answer.timings.append(
            StageTiming(stage: own.kind, instance: own.instance, phase: "total", seconds: start.duration(to: .now).inSeconds))
        try await send(.image(answer))
    }

    /// Runs `body` in a task that is cancelled when the caller leaves: gRPC tells of that by a handle only.
    private func endingWithCall(_ body: @escaping @Sendable () async throws -> Void) async throws {
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
}
