import Glibc
import NIOCore
import NIOEmbedded
import NIOPosix
import Sockets
import Testing

@Suite struct VanishedPeerTests {
    private static let patience = VanishedPeer.Patience(idle: .seconds(5), interval: .seconds(1), silence: .seconds(8))

    /// A connection of which the kernel says what `state` says.
    private func connect(_ address: SocketAddress, _ state: @escaping () -> VanishedPeer.State) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(
            handler: VanishedPeer(Self.patience) { channel in channel.eventLoop.makeSucceededFuture(state()) })
        try channel.connect(to: address).wait()
        return channel
    }

    @Test("a connection whose peer answers nothing is closed once the patience is over, and not before")
    func vanished() throws {
        let channel = try connect(SocketAddress(ipAddress: "10.0.0.1", port: 1)) { .init(isAsked: true, sinceAnswer: .hours(1)) }
        // Seen asked at the first look.
        channel.embeddedEventLoop.advanceTime(by: .seconds(8))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("a connection whose peer answers, or is asked nothing, is kept", arguments: [true, false])
    func lives(isAsked: Bool) throws {
        let channel = try connect(SocketAddress(ipAddress: "10.0.0.1", port: 1)) {
            .init(isAsked: isAsked, sinceAnswer: isAsked ? .seconds(7) : .hours(1))
        }
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
    }

    @Test("a Unix socket is left alone: its kernel is that of its peer")
    func unix() throws {
        let channel = try connect(SocketAddress(unixDomainSocketPath: "nobody.sock")) { .init(isAsked: true, sinceAnswer: .hours(1)) }
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
    }

    @Test("the kernel asks the peer of a real connection that is idle, and says what became of it")
    func kernel() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: loop).bind(host: "127.0.0.1", port: 0).get()
        let client = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(VanishedPeer(Self.patience)) }
            }
            .connect(to: server.localAddress!).get()
        #expect(try await client.getOption(.socketOption(.so_keepalive)).get() == 1)
        #expect(try await client.getOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE))).get() == 5)
        #expect(try await client.getOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL))).get() == 1)
        let state = try #require(try await VanishedPeer.State.ofKernel(client)?.get())
        #expect(!state.isAsked)
        try await client.close().get()
        try await server.close().get()
    }
}
