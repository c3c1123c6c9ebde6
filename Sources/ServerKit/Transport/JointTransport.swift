import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// Several sockets as one transport: one server answers at all of them, and they end together.
struct JointTransport: ServerTransport {
    typealias Socket = HTTP2ServerTransport.Custom<Listener>
    typealias Bytes = Socket.Bytes

    let sockets: [Socket]

    func configure(context: GRPCServerContext) {
        for socket in sockets { socket.configure(context: context) }
    }

    func listen(streamHandler: @escaping @Sendable (RPCStream<Inbound, Outbound>, ServerContext) async -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for socket in sockets {
                group.addTask {
                    // One that is lost takes the others along.
                    defer { beginGracefulShutdown() }
                    try await socket.listen(streamHandler: streamHandler)
                }
            }
            // Not left early: that would cancel the others; see ``OpenConnections/closeAll()``.
            var failure: (any Error)?
            while let result = await group.nextResult() {
                if case .failure(let error) = result { failure = failure ?? error }
            }
            if let failure { throw failure }
        }
    }

    func beginGracefulShutdown() {
        for socket in sockets { socket.beginGracefulShutdown() }
    }

    /// Returns when all sockets listen, or one can't.
    func listening() async {
        for socket in sockets { _ = await socket.listeningAddress }
    }
}
