import Foundation
import HummingbirdCore
import Logging
import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle

/// Accepts connections and has them served, until it is told to end; then it takes no more, and returns once those that are there have ended.
///
/// Hummingbird's own server binds an address, and can't be given a socket that somebody else holds open.
struct HTTPListener: Sendable {
    /// Where to listen.
    enum Place {
        case address(host: String, port: Int)
        /// A socket that is bound already; it is closed here.
        case descriptor(Int32)
    }

    let connection: Connection
    let logger: Logger
    private let ending = ServerQuiescingHelper(group: HTTPListener.group)

    private static let group = MultiThreadedEventLoopGroup.singleton
    /// Connections at a time; more wait in the kernel's queue.
    private static let connectionLimit = 1024
    /// Length of that queue. The kernel has a bound of its own, `net.core.somaxconn`.
    private static let backlog: Int32 = 4096

    /// - Parameter onListening: called with the port in use.
    /// - Throws: what the system says where it can't listen.
    func run(at place: Place, onListening: @Sendable (_ port: Int?) async -> Void) async throws {
        let channel = try await bind(place)
        await withGracefulShutdownHandler {
            await onListening(channel.channel.localAddress?.port)
            await withDiscardingTaskGroup { group in
                do {
                    try await channel.executeThenClose { connections in
                        for try await connection in connections { group.addTask { await self.connection.handle(value: connection, logger: logger) } }
                    }
                } catch {
                    logger.debug("HTTP listener failed", metadata: ["error": "\(error)"])
                }
            }
        } onGracefulShutdown: {
            end()
        }
    }

    /// Closes the socket; connections end when what was asked on them is answered.
    func end() { ending.initiateShutdown(promise: nil) }

    private func bind(_ place: Place) async throws -> NIOAsyncChannel<Connection.Value, Never> {
        let bootstrap = ServerBootstrap(group: Self.group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(AvailableConnectionsChannelHandler(maxConnections: Self.connectionLimit))
                    try pipeline.addHandler(ending.makeServerChannelHandler(channel: channel))
                }
            }
        switch place {
        case .address(let host, let port):
            return try await bootstrap.bind(host: host, port: port) { connection.setup(channel: $0, logger: logger) }
        case .descriptor(let descriptor):
            let channel = try await bootstrap.bind(NIOBSDSocket.Handle(descriptor)) { connection.setup(channel: $0, logger: logger) }
            // A descriptor that is bound already gets 128, whatever the bootstrap's option says; another call changes that.
            guard listen(descriptor, Self.backlog) == 0 else { throw HTTPServerError(.socket, "listen: \(String(cString: strerror(errno)))") }
            return channel
        }
    }
}
