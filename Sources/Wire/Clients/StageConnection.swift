import GRPCCore
import GRPCNIOTransportHTTP2Posix
public import TLS

/// A connection to one process. Calls share it; it reconnects by itself, and closes when it is let go.
///
/// Callers that leave cost nobody the connection: see ``ConnectionPool``.
public final class StageConnection: Sendable {
    public let address: Address
    /// Sent with every call.
    private let headers: Metadata
    private let pool: ConnectionPool

    /// Nothing is sent before the first call; a process that is not there shows then.
    /// - Parameters:
    ///   - key: the text of the key that every call is made with; nil: none.
    ///   - tls: for an address of TLS; nil: the system's authorities are trusted, and no certificate is shown.
    ///   - name: what the certificate there must be for, where the address is one that the name was resolved to; nil: the address's host.
    public init(to address: Address, key: String? = nil, tls: ClientTLS? = nil, name: String? = nil) throws {
        self.address = address
        headers = try key.map { [BearerToken.header: .string(try BearerToken.value($0))] } ?? [:]
        pool = try ConnectionPool(to: address, tls: tls, name: name)
    }

    /// Why the two ends don't understand each other, as one of them speaks TLS and the other does not, or does not trust its certificate; nil: they do,
    /// or nothing is known yet.
    public var problem: String? { pool.problem }

    /// Lets calls under way come to their end, then closes.
    public func close() async { await pool.close() }

    func unary<Request, Response>(_ method: Method<Request, Response>, _ request: Request, _ options: CallSettings) async throws -> Response {
        try await call { client, refusal in
            try await client.unary(
                request: ClientRequest(message: request, metadata: options.metadata(headers)), descriptor: method.descriptor,
                serializer: method.requestSerializer(refusal: refusal), deserializer: method.responseDeserializer,
                options: options.options(for: method)
            ) { try $0.message }
        }
    }

    func stream<Request, Response>(
        _ method: Method<Request, Response>, _ request: Request, _ options: CallSettings,
        _ onEvent: @escaping @Sendable (Response) async throws -> Void
    ) async throws {
        try await call { client, refusal in
            try await client.serverStreaming(
                request: ClientRequest(message: request, metadata: options.metadata(headers)), descriptor: method.descriptor,
                serializer: method.requestSerializer(refusal: refusal), deserializer: method.responseDeserializer,
                options: options.options(for: method)
            ) { response in
                for try await event in response.messages { try await onEvent(event) }
            }
        }
    }

    /// Callers see ``CallError`` for what the peer or the transport said and for a request that can't be sent, `CancellationError` for their own cancellation,
    /// and their own closure's errors unchanged.
    private func call<R: Sendable>(_ body: (ConnectionPool.Client, Last<CallError>) async throws -> R) async throws -> R {
        let refusal = Last<CallError>()
        do {
            return try await pool.call { try await body($0, refusal) }
        } catch {
            if let refusal = refusal.value { throw refusal }
            if Task.isCancelled || error is CancellationError { throw CancellationError() }
            switch error {
            case let error as RPCError where error.code == .unavailable:
                var error = CallError(error)
                if let problem { error.message = "no connection to \(address): \(problem)" }
                throw error
            case let error as RPCError: throw CallError(error)
            case let error as RuntimeError:
                var lost = CallError(.unavailable, "the connection to \(address) is closed: \(error.message)")
                lost.wasAnswered = false
                throw lost
            default: throw error
            }
        }
    }
}
