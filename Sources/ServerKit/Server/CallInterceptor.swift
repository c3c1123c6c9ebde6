import GRPCCore
import Keys
import Logging
import NIOCore
import Wire

/// Lets in who may call, turns every error into a gRPC status, and writes one log line for each call.
struct CallInterceptor: ServerInterceptor {
    /// What the server's own libraries throw, as a status; nil for errors it does not know.
    let status: @Sendable (any Error) -> CallError?
    let access: AccessRule
    let logger: Logger

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        var request = request
        var call = ServerCall(metadata: request.metadata, method: context.descriptor.fullyQualifiedMethod)
        let start = ContinuousClock.now
        do {
            call.caller = try access.admit(
                call.caller, authorization: Array(request.metadata[stringValues: BearerToken.header]), to: Methods.access(to: call.method),
                call.method)
            // Nobody behind this line gets to see a key.
            request.metadata.removeAllValues(forKey: BearerToken.header)
            // The handler finds the same name: one that it would make up for itself would not be the one in the log.
            call.mark(&request.metadata)
            var response = try await next(request, context)
            guard case .success(var contents) = response.accepted else {
                log(call, start, response.accepted.failure)
                return response
            }
            let producer = contents.producer
            contents.producer = { [call] writer in
                do {
                    let metadata = try await producer(writer)
                    log(call, start, nil)
                    return metadata
                } catch {
                    throw translate(error, call, start)
                }
            }
            response.accepted = .success(contents)
            return response
        } catch {
            throw translate(error, call, start)
        }
    }

    private func translate(_ error: any Error, _ call: ServerCall, _ start: ContinuousClock.Instant) -> RPCError {
        let rpcError =
            switch error {
            case let error as RPCError: error
            case let error as CallError: error.rpcError
            case let error as UsageRefusal: error.callError.rpcError
            // A write that finds the stream closed is one that nobody reads.
            case is CancellationError, is ChannelError: CallError(.cancelled, "the caller has left").rpcError
            default:
                // What we don't know is our fault: the log has the details, the caller gets their kind.
                status(error)?.rpcError ?? unexpected(error, call)
            }
        log(call, start, rpcError)
        return rpcError
    }

    private func unexpected(_ error: any Error, _ call: ServerCall) -> RPCError {
        logger.error("unexpected error", metadata: ["request": "\(call.requestID)", "error": "\(error)"])
        return CallError(.internalError, "\(type(of: error)): \(error)").rpcError
    }

    private func log(_ call: ServerCall, _ start: ContinuousClock.Instant, _ error: RPCError?) {
        // Health checks and questions about the server come every second.
        let level: Logger.Level = call.method.hasPrefix("grpc.") || call.method.hasPrefix(Methods.Stage.service) ? .debug : .info
        var metadata: Logger.Metadata = [
            "request": "\(call.requestID)", "method": "\(call.method)", "ms": "\((ContinuousClock.now - start).milliseconds)",
            "status": "\(error.map { "\($0.code)" } ?? "ok")",
        ]
        if call.caller.grant != nil { metadata["caller"] = "\(call.caller.identity)" }
        if let error { metadata["reason"] = "\(error.message)" }
        logger.log(level: level, "call", metadata: metadata)
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
