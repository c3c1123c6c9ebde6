import HTTPServing
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

/// A stream of HTTP/2 without a network.
@Suite struct StreamGuardTests {
    private let channel = EmbeddedChannel()

    init() throws { try channel.pipeline.syncOperations.addHandler(StreamGuard()) }

    private func open(_ fields: [(String, String)] = [], authority: String? = "a", method: HTTPRequest.Method = .post) throws {
        var head = HTTPRequest(method: method, scheme: "https", authority: authority, path: "/")
        for (name, value) in fields { head.headerFields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
        try channel.writeInbound(HTTPRequestPart.head(head))
    }

    private func passed() throws -> HTTPRequest? {
        guard case .head(let head)? = try channel.readInbound(as: HTTPRequestPart.self) else { return nil }
        return head
    }

    /// Statuses and bodies that were written, in their order.
    private func written() throws -> (statuses: [Int], body: String, hasEnded: Bool) {
        var (statuses, body, hasEnded): ([Int], String, Bool) = ([], "", false)
        while let part = try channel.readOutbound(as: HTTPResponsePart.self) {
            switch part {
            case .head(let head): statuses.append(head.status.code)
            case .body(let bytes): body += String(buffer: bytes)
            case .end: hasEnded = true
            }
        }
        return (statuses, body, hasEnded)
    }

    @Test(
        "a request that is not clear is answered in the place of others, and passed to nobody",
        arguments: [
            (nil, [], 400, "invalid_request"), ("a", [("host", "b")], 400, "invalid_request"),
            (nil, [("host", "a"), ("host", "a")], 400, "invalid_request"),
            ("a", [("content-encoding", "gzip")], 415, "unsupported_media_type"), ("a", [("expect", "100-continue, x")], 417, "expectation_failed"),
            ("a", (0...100).map { ("x-\($0)", "1") }, 431, "headers_too_large"),
        ] as [(String?, [(String, String)], Int, String)])
    func refused(authority: String?, fields: [(String, String)], status: Int, code: String) throws {
        try open(fields, authority: authority)
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
        #expect(try passed() == nil)
        let answer = try written()
        #expect(answer.statuses == [status] && answer.body.contains("\"code\":\"\(code)\"") && answer.hasEnded)
    }

    @Test("a response to HEAD has no body")
    func head() throws {
        try open([("content-encoding", "gzip")], method: .head)
        let answer = try written()
        #expect(answer.statuses == [415] && answer.body.isEmpty && answer.hasEnded)
    }

    @Test("a client that waits for 100 gets it; a Host in place of the authority is one")
    func passing() throws {
        try open([("expect", "100-continue"), ("host", "a"), ("content-encoding", "identity")], authority: nil)
        #expect(try written().statuses == [100])
        #expect(try passed()?.authority == "a")
    }

    @Test("a response that would end an HTTP/1 connection says nothing of one")
    func connection() throws {
        try open()
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .contentTooLarge, headerFields: [.connection: "close"])))
        guard case .head(let head)? = try channel.readOutbound(as: HTTPResponsePart.self) else { throw ChannelError.inappropriateOperationForState }
        #expect(head.status == .contentTooLarge && head.headerFields.isEmpty)
    }

    @Test("what is answered before its end is reset, but not at once; what has ended is not")
    func early() throws {
        let resets = Resets()
        try channel.pipeline.syncOperations.addHandler(resets, position: .first)
        try open()
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        #expect(resets.count == 0)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(resets.count == 1)
    }

    @Test("a request that ends after its response is not reset")
    func late() throws {
        let resets = Resets()
        try channel.pipeline.syncOperations.addHandler(resets, position: .first)
        try open()
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(resets.count == 0)
    }

    /// Counts what would be resets of the stream.
    private final class Resets: ChannelOutboundHandler {
        typealias OutboundIn = Any
        var count = 0
        func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
            count += 1
            promise?.succeed(())
        }
    }
}
