import HTTPServing
import NIOCore
import NIOEmbedded
import NIOTLS
import Testing

@Suite struct PrefaceDetectorTests {
    private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    private let channel = EmbeddedChannel()
    private let events = Events()

    init() throws {
        try channel.pipeline.syncOperations.addHandlers([PrefaceDetector(limit: .seconds(10)), events])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }
    private var passed: String { get throws { try channel.readInbound(as: ByteBuffer.self).map { String(buffer: $0) } ?? "" } }

    @Test("HTTP/2 is known by its preface, however it arrives, and the bytes are passed on whole", arguments: 1..<24)
    func http2(split: Int) throws {
        let bytes = Array(Self.preface.utf8)
        try send(String(decoding: bytes[..<split], as: UTF8.self))
        #expect(events.negotiated == nil)
        try send(String(decoding: bytes[split...], as: UTF8.self) + "more")
        #expect(events.negotiated == "h2")
        #expect(try passed == Self.preface + "more")
        try send("later")
        #expect(try passed == "later")
    }

    @Test("what begins otherwise is HTTP/1, as soon as it differs", arguments: ["G", "PO", "PRI * HTTP/1", "\0"])
    func http1(text: String) throws {
        try send(text)
        #expect(events.negotiated == "")
        #expect(try passed == text)
    }

    @Test("a connection that says nothing, or half of the preface, is closed in the end", arguments: ["", "PRI"])
    func silent(text: String) throws {
        if !text.isEmpty { try send(text) }
        channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("one that has said what it is has no such limit")
    func decided() throws {
        try send("GET")
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(channel.isActive)
    }

    private final class Events: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        /// Empty: no protocol was named.
        var negotiated: String?
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted(let name)? = event as? TLSUserEvent { negotiated = name ?? "" }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
