import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import HTTPServing
import Testing

/// A connection without a network, whose output can be closed alone.
@Suite struct HeadGuardTests {
    private let channel = EmbeddedChannel()
    private let closes = Closes()

    init() throws { try channel.pipeline.syncOperations.addHandlers([closes, HeadGuard()]) }

    private func open(
        _ headers: [(String, String)] = [], host: String? = "a", version: HTTPVersion = .http1_1, path: String = "/"
    ) throws {
        let all = HTTPHeaders((host.map { [("Host", $0)] } ?? []) + headers)
        try channel.writeInbound(HTTPServerRequestPart.head(HTTPRequestHead(version: version, method: .POST, uri: path, headers: all)))
    }

    private func end() throws { try channel.writeInbound(HTTPServerRequestPart.end(nil)) }

    private func respond() throws {
        let headers: HTTPHeaders = ["transfer-encoding": "chunked"]
        try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
    }

    @Test("the first request after the connection's greatest age is its last, and its response says so")
    func age() throws {
        for (age, isLast) in [(Duration.seconds(3600), false), (.zero, true)] {
            let channel = EmbeddedChannel(handlers: [Closes(), HeadGuard(age: age)])
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": "a"])
            try channel.writeInbound(HTTPServerRequestPart.head(head))
            try channel.writeInbound(HTTPServerRequestPart.end(nil))
            try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)))
            guard case .head(let answer) = try channel.readOutbound(as: HTTPServerResponsePart.self) else { return #expect(Bool(false), "no head") }
            #expect(answer.headers["connection"] == (isLast ? ["close"] : []))
        }
    }

    /// What has passed to the handlers behind.
    private func passed() throws -> [HTTPServerRequestPart] {
        var parts: [HTTPServerRequestPart] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) { parts.append(part) }
        return parts
    }

    private func written() throws -> [HTTPServerResponsePart] {
        var parts: [HTTPServerResponsePart] = []
        while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) { parts.append(part) }
        return parts
    }

    /// Statuses of all heads that were written, in their order.
    private func statuses() throws -> [UInt] {
        try written().compactMap { part in
            guard case .head(let head) = part else { return nil }
            return head.status.code
        }
    }

    @Test(
        "a request that is not clear is answered in its place, and its connection closed",
        arguments: [
            (nil, [], 400, "invalid_request", "the request has 0 Host headers; it must have one"),
            ("a", [("host", "a")], 400, "invalid_request", "the request has 2 Host headers; it must have one"),
            (
                "a", [("transfer-encoding", "xchunked")], 501, "unsupported_transfer_encoding",
                "the Transfer-Encoding is 'xchunked'; only 'chunked' is understood"
            ),
            (
                "a", [("transfer-encoding", "gzip, chunked")], 501, "unsupported_transfer_encoding",
                "the Transfer-Encoding is 'gzip, chunked'; only 'chunked' is understood"
            ),
            (
                "a", [("transfer-encoding", "chunked"), ("Transfer-Encoding", "chunked")], 501, "unsupported_transfer_encoding",
                "the Transfer-Encoding is 'chunked, chunked'; only 'chunked' is understood"
            ),
            (
                "a", [("transfer-encoding", "")], 501, "unsupported_transfer_encoding",
                "the Transfer-Encoding is ''; only 'chunked' is understood"
            ),
            (
                "a", [("content-encoding", "gzip")], 415, "unsupported_media_type",
                "the Content-Encoding is 'gzip'; a body must not be compressed"
            ),
            (
                "a", [("content-encoding", "identity, br")], 415, "unsupported_media_type",
                "the Content-Encoding is 'identity, br'; a body must not be compressed"
            ),
            ("a", [("expect", "x\u{1B}")], 417, "expectation_failed", "the request expects 'x\u{1B}'; only '100-continue' is met"),
        ] as [(String?, [(String, String)], UInt, String, String)])
    func refused(host: String?, headers: [(String, String)], status: UInt, code: String, message: String) throws {
        try open(headers, host: host)
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "x")))
        try end()
        try open(path: "/next")
        #expect(try passed() == [])
        let parts = try written()
        guard parts.count == 3, case .head(let head) = parts[0], case .body(.byteBuffer(let body)) = parts[1], case .end = parts[2] else {
            Issue.record("not one response: \(parts)")
            return
        }
        #expect(head.status.code == status)
        #expect(head.headers["content-type"] == ["application/json"])
        #expect(head.headers["content-length"] == ["\(body.readableBytes)"])
        #expect(head.headers["connection"] == ["close"])
        let value = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: [String: String]]
        #expect(value == ["error": ["message": message, "type": "invalid_request_error", "code": code]])
    }

    @Test(
        "what is clear passes",
        arguments: [
            [], [("transfer-encoding", "Chunked")], [("content-encoding", "Identity")], [("expect", "100-Continue")], [("content-length", "1")],
        ] as [[(String, String)]])
    func passes(headers: [(String, String)]) throws {
        try open(headers)
        try end()
        #expect(try passed().count == 2)
        #expect(try written().count == (headers.first?.0 == "expect" ? 1 : 0))
    }

    @Test("after a refusal the output is closed, and the input once the peer has closed it")
    func closedByPeer() throws {
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/a")).wait()
        try open(host: nil)
        #expect(closes.modes == [.output])
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(closes.modes == [.output, .all])
    }

    @Test("a peer that does not close has two seconds")
    func closedInTime() throws {
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/a")).wait()
        try open(host: nil)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1_999))
        #expect(closes.modes == [.output])
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(closes.modes == [.output, .all])
    }

    @Test("a peer that has sent all and closed is answered, then closed at once")
    func closedBefore() throws {
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/a")).wait()
        try open(version: .http1_0)
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(closes.modes == [])
        try respond()
        #expect(closes.modes == [.all])
    }

    @Test("a request that is answered before all of it has come is its connection's last, and the rest of it is dropped")
    func answeredEarly() throws {
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/a")).wait()
        try open()
        try respond()
        guard case .head(let head)? = try written().first else { throw ChannelError.inappropriateOperationForState }
        #expect(head.headers["connection"] == ["close"] && closes.modes == [.output])
        _ = try passed()
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "x")))
        #expect(try passed().isEmpty)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(closes.modes == [.output, .all])
    }

    @Test("an expectation is met before anything else is written, once")
    func expects() throws {
        try open([("expect", "100-continue")])
        #expect(try statuses() == [100])
        try end()
        try respond()
        #expect(try statuses() == [200])
    }

    @Test("an expectation of HTTP/1.0 is not met: its clients know no such answer")
    func oldExpectation() throws {
        try open([("expect", "100-continue")], version: .http1_0)
        #expect(try passed().count == 1)
        #expect(try statuses() == [])
    }

    @Test("of pipelined requests each gets its answers in its turn")
    func pipelined() throws {
        try open(path: "/1")
        try end()
        try open([("expect", "100-continue")], path: "/2")
        try end()
        try open(host: nil)
        #expect(try passed().count == 4)
        #expect(try statuses() == [])
        try respond()
        #expect(try statuses() == [200, 100])
        try respond()
        #expect(try statuses() == [200, 400])
        #expect(throws: ChannelError.self) { try respond() }
    }

    @Test("a request of HTTP/1.0 needs no Host, and is answered in that version, without chunks, as its connection's last")
    func old() throws {
        try open(host: nil, version: .http1_0)
        try end()
        try open(host: "a", version: .http1_0)
        try end()
        #expect(try passed().count == 2)
        try respond()
        let head = HTTPResponseHead(version: .http1_0, status: .ok, headers: ["connection": "close"])
        #expect(try written() == [.head(head), .end(nil)])
        #expect(!closes.modes.isEmpty)
    }

    @Test("a request that asks to close is its connection's last")
    func last() throws {
        try open([("Connection", "Close")])
        try end()
        try open()
        #expect(try passed().count == 2)
        try respond()
        guard case .head(let head)? = try written().first else {
            Issue.record("no response")
            return
        }
        #expect(head.version == .http1_1)
        #expect(head.headers["connection"] == ["close"])
        #expect(!closes.modes.isEmpty)
    }
}

/// The guard where it is installed, on bytes.
@Suite struct HeadGuardInstallerTests {
    private let channel = EmbeddedChannel()

    init() throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(Closes())
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false)
        try pipeline.addHandler(HeadGuard.Installer())
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/a")).wait()
    }

    private func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    private func written() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    @Test("a coding behind chunked is refused by the decoder itself")
    func behindChunked() {
        #expect(throws: (any Error).self) { try send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n") }
    }

    @Test(
        "a body with an unknown coding does not become the next request",
        arguments: ["xchunked", "identity"])
    func smuggled(coding: String) throws {
        try send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(coding)\r\n\r\nGET /secret HTTP/1.1\r\nHost: a\r\n\r\n")
        try send("GET /secret HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try channel.readInbound(as: HTTPServerRequestPart.self) == nil)
        let text = try written()
        #expect(text.hasPrefix("HTTP/1.1 501 Not Implemented\r\n"))
        #expect(text.split(separator: "HTTP/1.1 ").count == 1)
    }

    @Test("a refusal of HEAD has no body")
    func head() throws {
        try send("HEAD / HTTP/1.1\r\n\r\n")
        let text = try written()
        #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && text.hasSuffix("\r\n\r\n"))
    }

    @Test("an expectation is answered with nothing but the interim head")
    func expects() throws {
        try send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        #expect(try written() == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test("a response to HTTP/1.0 has no chunks")
    func old() throws {
        try send("GET / HTTP/1.0\r\n\r\n")
        try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)))
        try channel.writeOutbound(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "hi"))))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
        #expect(try written() == "HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nhi")
    }
}

/// Stands at the network's end: notes how the channel is closed, and lets it stay open when only its output is.
private final class Closes: ChannelOutboundHandler {
    typealias OutboundIn = Never

    private(set) var modes: [CloseMode] = []

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        modes.append(mode)
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        promise?.succeed(())
    }
}
