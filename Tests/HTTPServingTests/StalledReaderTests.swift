import HTTPServing
import NIOCore
import NIOEmbedded
import Testing

@Suite struct StalledReaderTests {
    private func change(_ channel: EmbeddedChannel, isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    @Test("a peer that reads nothing for a minute loses its connection; one that reads again in time keeps it")
    func stalled() throws {
        let channel = EmbeddedChannel(handler: StalledReader())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        change(channel, isWritable: false)
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        change(channel, isWritable: true)
        channel.embeddedEventLoop.advanceTime(by: .seconds(600))
        #expect(channel.isActive)
        change(channel, isWritable: false)
        channel.embeddedEventLoop.advanceTime(by: StalledReader.limit)
        #expect(!channel.isActive)
    }
}
