public import GRPCCore

extension RPCRouter {
    /// Answers a unary method.
    public mutating func register<Request, Response>(
        _ method: Method<Request, Response>, _ handler: @escaping @Sendable (Request, ServerCall) async throws -> Response
    ) {
        registerHandler(forMethod: method.descriptor, deserializer: method.requestDeserializer, serializer: method.responseSerializer) {
            let call = ServerCall(metadata: $0.metadata, method: $1.descriptor.fullyQualifiedMethod)
            let request = try await ServerRequest(stream: $0)
            return StreamingServerResponse(single: ServerResponse(message: try await handler(request.message, call)))
        }
    }

    /// Answers a method that streams its responses through `send`, which waits while the caller reads slowly.
    public mutating func registerStream<Request, Response>(
        _ method: Method<Request, Response>,
        _ handler: @escaping @Sendable (Request, ServerCall, @escaping Send<Response>) async throws -> Void
    ) {
        registerHandler(forMethod: method.descriptor, deserializer: method.requestDeserializer, serializer: method.responseSerializer) {
            let call = ServerCall(metadata: $0.metadata, method: $1.descriptor.fullyQualifiedMethod)
            let request = try await ServerRequest(stream: $0).message
            return StreamingServerResponse { writer in
                try await handler(request, call) { try await writer.write($0) }
                return [:]
            }
        }
    }
}
