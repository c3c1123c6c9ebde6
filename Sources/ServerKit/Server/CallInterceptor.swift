import GRPCCore
import Keys
import Logging
import NIOCore
import Traces
import Tracing
import Wire

/// Lets in who may call, turns every error into a gRPC status, and makes a span and a log line of each call.
struct CallInterceptor: ServerInterceptor {
    /// What the server's own libraries throw, as a status; nil for errors it does not know.
    let status: @Sendable (any Error) -> CallError?
    let access: AccessRule
    /// Refuses what the process can't compute now. Once a response has begun, with metadata if nothing else, no balancer asks another server.
    let gate: WorkGate
    let logger: Logger

    /// Streams that are computed; what else streams is told while a process starts and drains, too.
    private static let computed: Set = [
        Methods.Gateway.generate.descriptor.fullyQualifiedMethod, Methods.Gateway.answer.descriptor.fullyQualifiedMethod,
    ]

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        var request = request
        var call = ServerCall(metadata: request.metadata, method: context.descriptor.fullyQualifiedMethod)
        let visit = CallVisit(call, request.metadata, logger)
        return try await ServiceContext.withValue(visit.context) {
            do {
                call.caller = try access.admit(
                    call.caller, authorization: Array(request.metadata[stringValues: BearerToken.header]), to: Methods.access(to: call.method),
                    call.method)
                if Self.computed.contains(call.method) { try gate.checkServes() }
                // Nobody behind this line gets to see a key.
                request.metadata.removeAllValues(forKey: BearerToken.header)
                // The handler finds the same name: one that it would make up for itself would not be the one in the log.
                call.mark(&request.metadata)
                var response = try await next(request, context)
                guard case .success(var contents) = response.accepted else {
                    visit.end(response.accepted.failure, call.caller)
                    return response
                }
                let producer = contents.producer
                contents.producer = { [caller = call.caller] writer in
                    try await ServiceContext.withValue(visit.context) {
                        do {
                            let metadata = try await producer(writer)
                            visit.end(nil, caller)
                            return metadata
                        } catch {
                            throw translate(error, visit, caller)
                        }
                    }
                }
                response.accepted = .success(contents)
                return response
            } catch {
                throw translate(error, visit, call.caller)
            }
        }
    }

    private func translate(_ error: any Error, _ visit: CallVisit, _ caller: Caller) -> RPCError {
        var rpcError =
            switch error {
            case let error as RPCError: error
            case let error as CallError: error.rpcError
            case let error as UsageRefusal: error.callError.rpcError
            // A write that finds the stream closed is one that nobody reads.
            case is CancellationError, is ChannelError: CallError(.cancelled, "the caller has left").rpcError
            default:
                // What we don't know is our fault: the log has the details, the caller gets their kind.
                status(error)?.rpcError ?? unexpected(error)
            }
        visit.end(rpcError, caller)
        // Tells the caller what to look for in the log, and that it was not the connection that failed.
        rpcError.metadata.replaceOrAddString(visit.requestID, forKey: RequestID.key)
        return rpcError
    }

    private func unexpected(_ error: any Error) -> RPCError {
        logger.error("unexpected error", metadata: ["error": "\(error)"])
        return CallError(.internalError, "\(type(of: error)): \(error)").rpcError
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
