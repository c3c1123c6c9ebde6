import Glibc
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix
import Sockets
import TLS
import Wire

/// Accepts connections for gRPC at a socket that is bound already, within the bounds that a process sets itself.
struct Listener: HTTP2ServerTransport.ListenerFactory {
    /// Bound, not listening.
    let descriptor: Int32
    let connections: OpenConnections
    /// Nil: not encrypted.
    let tls: ServerTLS?
    /// Of each connection.
    let age: ConnectionAge

    let eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton

    /// Connections that the kernel holds until they are accepted. The kernel has a bound of its own, `net.core.somaxconn`.
    private static let backlog: Int32 = 4096

    func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator, connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
        let channel = try await ServerBootstrap(group: eventLoopGroup)
            .serverChannelInitializer { listenerConfigurator.configure(channel: $0) }
            .bind(NIOBSDSocket.Handle(descriptor)) { channel -> EventLoopFuture<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel> in
                guard connections.take(channel) else { return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported) }
                return connectionConfigurator.configure(channel: channel, tls: tls == nil ? .none : .configured(requireALPN: true)).flatMapThrowing {
                    connection in
                    try tls?.secure(channel)
                    try channel.pipeline.syncOperations.addHandler(VanishedPeer(.server), position: .first)
                    try channel.pipeline.syncOperations.addHandler(AcceptedConnection(isCertified: tls?.verifiesClients ?? false, age: age.draw()))
                    return connection
                }
            }
        // A descriptor that is bound already gets 128, whatever the bootstrap's option says; another call changes that.
        guard listen(descriptor, Self.backlog) == 0 else {
            throw ServerKitError(.socket, "listen: \(String(cString: strerror(errno)))")
        }
        return channel
    }
}

extension Listener {
    /// Calls that one connection may have open at a time.
    private static let streamLimit = 1024

    /// gRPC over what is accepted here.
    /// - Parameter requestLimit: bytes of the largest request of all services.
    func transport(_ rules: RequestRules, requestLimit: Int) -> HTTP2ServerTransport.Custom<Listener> {
        var config = HTTP2ServerTransport.Custom<Listener>.Config.defaults
        config.connection.flushCoalescing = nil
        // A client that pings keeps its connection, with calls and without: proxies ask for it, and an answer costs nothing. HTTP/2's own
        // guard against floods ends it for more than 200 in 30 s.
        config.connection.keepalive.clientBehavior = .init(minPingIntervalWithoutCalls: .zero, allowWithoutCalls: true)
        config.http2.targetWindowSize = HTTP2Tuning.windowSize
        config.http2.maxFrameSize = HTTP2Tuning.frameSize
        config.http2.maxConcurrentStreams = Self.streamLimit
        // Larger ones have been refused with numbers.
        config.rpc.maxRequestPayloadSize = requestLimit
        config.channelDebuggingCallbacks.onAcceptHTTP2Stream = { stream in
            stream.eventLoop.makeCompletedFuture {
                let connection = try stream.parent?.pipeline.syncOperations.handler(type: AcceptedConnection.self)
                let guardian = RequestGuard(rules: rules, caller: connection?.caller ?? .none)
                try stream.pipeline.syncOperations.addHandler(guardian, position: .first)
            }
        }
        return HTTP2ServerTransport.Custom(listenerFactory: self, config: config)
    }
}
