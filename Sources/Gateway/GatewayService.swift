import Domain
public import ServerKit
import Tracing
public import Wire

/// What the gateway answers: images, words, and what its fleet is.
public struct GatewayService: GatewayHandler {
    private let imageService: ImageService
    private let answerService: AnswerService
    private let audit: AuditTrail
    private let gate: WorkGate
    /// Answers whose callers do not read; they hold no place in the gateway.
    private let unread = UnreadBytes()
    private let description: @Sendable () -> StageDescription
    private let report: @Sendable () async -> FleetStatus

    /// - Parameters:
    ///   - gate: counts the requests under way, for the drain.
    ///   - description: of the gateway itself.
    ///   - report: what Status answers.
    public init(
        imageService: ImageService, answerService: AnswerService, audit: AuditTrail, gate: WorkGate,
        description: @escaping @Sendable () -> StageDescription,
        report: @escaping @Sendable () async -> FleetStatus
    ) {
        self.imageService = imageService
        self.answerService = answerService
        self.audit = audit
        self.gate = gate
        self.description = description
        self.report = report
    }

    public func generate(_ request: GenerateImageRequest, _ call: ServerCall, send: @escaping Send<GenerateImageEvent>) async throws {
        try await work(call) { arrival, deadline, total in
            var image = try await audit.recording(request, AuditRecord.Origin(call)) {
                let validated = try await imageService.validate(request, requestID: call.requestID, mayOmitLabel: call.caller.mayOmitLabel)
                return try await imageService.make(validated, by: call.caller, since: arrival, deadline: deadline) {
                    try await send(.accepted($0))
                } tell: {
                    try await send($0)
                }
            }
            image.timings.append(total())
            try await unread.sending(image.image.count) { [image] in try await send(.image(image)) }
        }
    }

    public func answer(_ request: AnswerQuestionRequest, _ call: ServerCall, send: @escaping Send<AnswerQuestionEvent>) async throws {
        try await work(call) { arrival, deadline, total in
            var answer = try await audit.recording(request, AuditRecord.Origin(call)) {
                try await answerService.answer(
                    request, requestID: call.requestID, by: call.caller, since: arrival, deadline: deadline, send: send)
            }
            answer.timings.append(total())
            try await unread.sending(answer.text.utf8.count + answer.reasoning.utf8.count) { [answer] in try await send(.answer(answer)) }
        }
    }

    /// Runs a request that the drain waits for, and that ends with its caller.
    /// - Parameter body: gets when the request came, the caller's deadline, and a function that tells how long the request has taken.
    private func work(
        _ call: ServerCall,
        _ body: @escaping @Sendable (ContinuousClock.Instant, ContinuousClock.Instant?, _ total: @Sendable () -> StageTiming) async throws -> Void
    ) async throws {
        let start = ContinuousClock.now
        let deadline = call.timeout.map { start + $0 }
        var context = ServiceContext.current ?? .topLevel
        context.requestID = call.requestID
        try await gate.work(call) { [context] token in
            do {
                try await ServiceContext.withValue(context) {
                    try await endingWithCall {
                        try await body(start, deadline) {
                            let own = description()
                            return StageTiming(stage: own.kind, instance: own.instance, phase: "total", seconds: start.duration(to: .now).inSeconds)
                        }
                    }
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
