import GRPCCore
import Logging
import Traces
import Tracing
import Wire

/// One call, from its arrival to its end: its span and its log line.
struct CallVisit: Sendable {
    /// The work on the call belongs to it.
    let context: ServiceContext
    private let call: ServerCall
    var requestID: String { call.requestID }
    private let start = ContinuousClock.now
    /// Nil: calls of its kind come every second.
    private let span: (any Span)?
    private let logger: Logger

    /// - Parameter metadata: the call's, with the trace that it belongs to.
    init(_ call: ServerCall, _ metadata: Metadata, _ logger: Logger) {
        var context = ServiceContext.topLevel
        TraceContextPropagator().extract(metadata, into: &context, using: TraceMetadata())
        context.requestID = call.requestID
        span = Self.isQuestionOfHealth(call.method) ? nil : startSpan(call.method, context: context, ofKind: .server)
        span?.attributes["rpc.system"] = "grpc"
        span?.attributes["glm.request"] = call.requestID
        self.context = span?.context ?? context
        self.call = call
        self.logger = logger
    }

    /// Health checks and questions about the server.
    private static func isQuestionOfHealth(_ method: String) -> Bool { method.hasPrefix("grpc.") || method.hasPrefix(Methods.Stage.service) }

    /// By which a server fails; by all others it refuses what it was asked, or its caller leaves.
    private static let faults: Set<RPCError.Code> = [
        .unknown, .deadlineExceeded, .aborted, .unimplemented, .internalError, .unavailable, .dataLoss,
    ]

    /// To be called once, within ``context``.
    /// - Parameters:
    ///   - error: nil: the call was answered.
    ///   - caller: by its key, where it had one.
    func end(_ error: RPCError?, _ caller: Caller) {
        var metadata: Logger.Metadata = [
            "method": "\(call.method)", "ms": "\((ContinuousClock.now - start).milliseconds)", "status": "\(error.map { "\($0.code)" } ?? "ok")",
        ]
        if caller.grant != nil { metadata["caller"] = "\(caller.identity)" }
        if let error { metadata["reason"] = "\(error.message)" }
        logger.log(level: span == nil ? .debug : .info, "call", metadata: metadata)
        span?.attributes["rpc.grpc.status_code"] = error?.code.rawValue ?? 0
        if let error {
            span?.recordError(CallError(error))
            if !Self.faults.contains(error.code) { span?.setStatus(SpanStatus(code: .ok)) }
        }
        span?.end()
    }
}
