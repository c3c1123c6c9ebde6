import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import ServerKit
import Testing
import Wire

@Suite struct RequestHeadersTests {
    private func refusal(_ headers: [(String, String)], path: String = "/a.B/C") -> CallError? {
        let all = [(":method", "POST"), (":path", path), ("content-type", "application/grpc")] + headers
        return RequestHeaders.refusal(of: HPACKHeaders(all), isMethod: { $0 == "/a.B/C" })
    }

    @Test("timeouts as gRPC writes them go on", arguments: ["0S", "1n", "30S", "99999999H", "00000001m", "5u", "7M"])
    func timeout(text: String) { #expect(refusal([("grpc-timeout", text)]) == nil) }

    @Test(
        "any other timeout is refused before the library reads it, which would end the process",
        arguments: ["-1S", "-9m", "-0S", "+5S", "1", "S", "", " 5S", "5 S", "5S ", "1e3S", "1.5S", "999999999S", "５S", "5s", "0x5S", "\u{0}1S"])
    func malformedTimeout(text: String) { #expect(refusal([("grpc-timeout", text)])?.status == .invalidArgument) }

    @Test("a timeout that is given twice is refused")
    func doubled() { #expect(refusal([("grpc-timeout", "1S"), ("grpc-timeout", "2S")])?.status == .invalidArgument) }

    @Test("a method that the server does not have is UNIMPLEMENTED", arguments: ["/a.B/D", "/", "", "a.B/C", "/a.B/C/", "//"])
    func unknown(path: String) { #expect(refusal([], path: path)?.status == .unimplemented) }

    @Test("metadata over the limit is refused with both numbers")
    func metadata() {
        #expect(refusal([("k", String(repeating: "v", count: 15 << 10))]) == nil)
        let refused = refusal([("k", String(repeating: "v", count: 1 << 20))])
        #expect(refused?.status == .resourceExhausted)
        #expect(refused?.message.hasSuffix("at most \(RequestHeaders.sizeLimit)") == true)
    }
}

@Suite struct MessageIntakeTests {
    @Test("a message is complete when all its bytes are there, however they are cut", arguments: [1, 2, 3, 7, 100])
    func pieces(size: Int) {
        var intake = MessageIntake(limit: 10)
        let bytes: [UInt8] = [0, 0, 0, 0, 10] + Array(repeating: 7, count: 10)
        for start in stride(from: 0, to: bytes.count, by: size) {
            #expect(!intake.isComplete)
            let refusal = intake.take(bytes[start..<min(start + size, bytes.count)])
            #expect(refusal == nil)
        }
        #expect(intake.isComplete)
    }

    @Test("a message is refused by what it announces, with both numbers, before it comes")
    func announced() {
        var intake = MessageIntake(limit: 10)
        let refusal = intake.take([0, 0xff, 0xff, 0xff, 0xff])
        #expect(refusal == CallError(.resourceExhausted, "the request has 4294967295 bytes; at most 10"))
    }

    @Test("a second message is refused, unless the method takes a stream of them")
    func second() {
        var single = MessageIntake(limit: 10)
        let first = single.take([0, 0, 0, 0, 0]), second = single.take([0])
        #expect(first == nil && second?.status == .invalidArgument)
        var stream = MessageIntake(limit: 10, isStream: true)
        let both = stream.take([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5])
        #expect(both == nil)
        #expect(stream.isComplete)
    }
}

@Suite struct ByteBudgetTests {
    @Test("requests that hold the whole budget leave room for small ones, and what is given back can be taken again")
    func shares() {
        let budget = ByteBudget(requestLimit: 1 << 20)
        var large = ByteBudget.Share()
        #expect(budget.take(budget.limit + ByteBudget.small, &large))
        var other = ByteBudget.Share()
        #expect(budget.take(ByteBudget.small, &other))
        #expect(!budget.take(1, &other))
        #expect(other.bytes == ByteBudget.small)
        budget.give(&large)
        #expect(large.bytes == 0)
        #expect(budget.take(1, &other))
    }

    @Test("small requests are bounded in sum, too")
    func small() {
        let budget = ByteBudget(requestLimit: 1 << 20)
        let fitting = (0..<10_000).prefix { _ in
            var share = ByteBudget.Share()
            return budget.take(ByteBudget.small, &share)
        }
        #expect(fitting.count == (64 << 20) / ByteBudget.small)
    }
}

/// A call's stream without a network; time passes when the test says so.
@Suite struct RequestGuardTests {
    private let channel = EmbeddedChannel()
    private let rules = RequestRules(services: [.reflection(listing: [])[0]], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    init() throws {
        try channel.pipeline.syncOperations.addHandler(
            RequestGuard(rules: rules, caller: Caller(identity: "unix:1/2")))
    }

    private func open(_ path: String = Self.path, _ more: [(String, String)] = []) throws {
        let headers = HPACKHeaders([(":path", path), ("content-type", "application/grpc")] + more)
        try channel.writeInbound(HTTP2Frame.FramePayload.headers(.init(headers: headers)))
    }

    private static let path = "/\(Methods.Reflection.services[0])/ServerReflectionInfo"

    private func send(_ bytes: [UInt8]) throws {
        try channel.writeInbound(HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)))))
    }

    private func status() throws -> String? {
        guard case .headers(let frame)? = try channel.readOutbound(as: HTTP2Frame.FramePayload.self) else { return nil }
        #expect(frame.endStream)
        return frame.headers.first(name: "grpc-status")
    }

    @Test("the caller comes from the connection, whatever the caller writes")
    func caller() throws {
        try open(Self.path, [("glm-caller", "ipv4:6.6.6.6"), ("glm-caller", "unix:0/1")])
        guard case .headers(let frame)? = try channel.readInbound(as: HTTP2Frame.FramePayload.self) else {
            Issue.record("the headers did not arrive")
            return
        }
        #expect(frame.headers["glm-caller"] == [Caller(identity: "unix:1/2").encoded])
    }

    @Test("a refused call is answered once and never reaches gRPC; what else comes of it is dropped")
    func refused() throws {
        try open("/x/y")
        try send([1, 2, 3])
        #expect(try status() == "12")
        #expect(try channel.readInbound(as: HTTP2Frame.FramePayload.self) == nil)
        #expect(try channel.readOutbound(as: HTTP2Frame.FramePayload.self) == nil)
    }

    @Test("a message that announces more than the limit is refused, and what it held is given back")
    func tooLarge() throws {
        try open()
        try send([0, 0x7f, 0, 0, 0])
        #expect(try status() == "8")
        _ = try? channel.finish()
        var all = ByteBudget.Share()
        #expect(rules.budget.take(rules.budget.limit + ByteBudget.small, &all))
    }
}
