import HTTPServing
import NIOCore
import NIOEmbedded
import Testing

@Suite struct NewcomerTests {
    private let channel = EmbeddedChannel()
    private let endings = Endings()

    init() throws {
        try channel.pipeline.syncOperations.addHandlers([Newcomer(), endings])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func end() { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }

    @Test("the server's end reaches a connection when it is a second old, and bytes at once")
    func new() throws {
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(400))
        end()
        try channel.writeInbound("bytes")
        #expect(try channel.readInbound(as: String.self) == "bytes")
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(599))
        #expect(endings.count == 0)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(endings.count == 1)
    }

    @Test("an older one hears of it at once")
    func old() {
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        end()
        #expect(endings.count == 1)
    }

    @Test("one that has left meanwhile hears nothing")
    func left() throws {
        end()
        _ = try channel.finish()
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(endings.count == 0)
    }

    private final class Endings: ChannelInboundHandler {
        typealias InboundIn = String
        var count = 0
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is ChannelShouldQuiesceEvent { count += 1 }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
