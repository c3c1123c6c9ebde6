import Foundation
#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif
import HTTPServing
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@Suite("A server of HTTP", .timeLimit(.minutes(1)))
struct HTTPServerTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("a connection on which half a request has come, and nothing more comes, is closed")
    func halfRequest() async throws {
        try await serving(idleLimit: .milliseconds(100)) { port in
            let descriptor = try #require(connect(port: port))
            defer { close(descriptor) }
            #expect(write(descriptor, "GET /metr", 9) == 9)
            // Blocks until the server closes, or the test's time is over.
            var byte: UInt8 = 0
            #expect(read(descriptor, &byte, 1) == 0)
        }
    }

    @Test("the server asks whether its peer's host is still there")
    func vanishedPeer() async throws {
        try await serving { port in
            let descriptor = try #require(connect(port: port))
            defer { close(descriptor) }
            while try TCPTable.keepalives(port: port) != 1 { await Task.yield() }
        }
    }

    @Test("HEAD is answered with the head alone, so that the next response on its connection is found")
    func head() async throws {
        try await serving(answer: { _, _ in Self.response("words") }) { port in
            let descriptor = try #require(connect(port: port))
            defer { close(descriptor) }
            let asked = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            #expect(write(descriptor, asked, asked.utf8.count) == asked.utf8.count)
            var bytes: [UInt8] = [], byte: UInt8 = 0
            // To the end of the connection.
            while read(descriptor, &byte, 1) == 1 { bytes.append(byte) }
            let parts = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n")
            #expect(parts.count == 3 && parts[1].hasPrefix("HTTP/1.1 200") && parts[2] == "words")
        }
    }

    @Test("a port in use is refused with the address and what to do")
    func inUse() async throws {
        try await serving { port in
            let second = try server(port: port)
            await #expect(
                throws: HTTPServerError(
                    .inUse,
                    "another process listens at 127.0.0.1:\(port); choose another port, or end that process (ss -ltnp 'sport = :\(port)' names it)")
            ) { try await second.run() }
        }
    }

    @Test("an address that can't be is refused")
    func address() async throws {
        #expect(throws: HTTPServerError(.invalidAddress, "port 65536 is not 0 to 65535")) { try server(port: 65536) }
        let nowhere = try HTTPServer(host: "nowhere.invalid", port: 0, logger: logger) { _, _ in nil }
        await #expect(throws: HTTPServerError(.invalidAddress, "host nowhere.invalid is not known")) { try await nowhere.run() }
    }

    @Test("what was asked before the end is answered, and the port is free after it")
    func graceful() async throws {
        let (asked, onAsked) = AsyncStream.makeStream(of: Void.self)
        let (go, onGo) = AsyncStream.makeStream(of: Void.self)
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        let server = try server(onListening: { onPort.yield($0) }) { _, _ in
            onAsked.yield()
            for await _ in go { break }
            return Self.response(Task.isCancelled ? "cancelled" : "late")
        }
        let group = ServiceGroup(services: [server], logger: logger)
        let running = Task { try await group.run() }
        let port = try #require(await first(ports))
        let answer = Task { try await get(port, "/") }
        await first(asked)
        await group.triggerGracefulShutdown()
        onGo.yield()
        let late = try await answer.value
        #expect(late.status == 200 && late.body == "late")
        // The group calls the end of its only service unexpected, in whatever way that came.
        _ = await running.result
        try await serving(port: port) { #expect($0 == port) }
    }

    @Test("a socket that somebody else holds open is served; once it is handed over, those who connect wait there for the next server")
    func inherited() async throws {
        let held = try #require(listener())
        defer { close(held.descriptor) }
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        func server(_ words: String) throws -> HTTPServer {
            try HTTPServer(
                host: "127.0.0.1", port: held.port, inherited: dup(held.descriptor), onListening: { onPort.yield($0) }, logger: logger
            ) { _, _ in Self.response(words) }
        }
        let one = try server("one")
        let serving = Task { try await one.run() }
        #expect(await first(ports) == held.port)
        #expect(try await get(held.port, "/").body == "one")
        one.handOver()
        try await serving.value
        let waiting = Task { try await get(held.port, "/").body }
        let two = try server("two")
        let servingOn = Task { try await two.run() }
        #expect(try await waiting.value == "two")
        two.handOver()
        try await servingOn.value
    }

    @Test("a connection of HTTP/2 that has become too old is told so, and ends")
    func age() async throws {
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        let server = try HTTPServer(
            host: "127.0.0.1", port: 0, onListening: { onPort.yield($0) }, idleLimit: .seconds(600), connectionAge: { .milliseconds(50) },
            logger: logger
        ) { _, _ in nil }
        let group = ServiceGroup(configuration: .init(services: [.init(service: server, successTerminationBehavior: .ignore)], logger: logger))
        let running = Task { try await group.run() }
        let port = try #require(await first(ports))
        let descriptor = try #require(connect(port: port))
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        // The preface and empty settings.
        let hello = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
        #expect(write(descriptor, hello, hello.count) == hello.count)
        var bytes: [UInt8] = [], byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1 { bytes.append(byte) }
        var types: [UInt8] = []
        while bytes.count >= 9 {
            types.append(bytes[3])
            bytes.removeFirst(min(bytes.count, 9 + Int(bytes[0]) << 16 + Int(bytes[1]) << 8 + Int(bytes[2])))
        }
        // GOAWAY.
        #expect(types.last == 7, "\(types)")
        await group.triggerGracefulShutdown()
        try await running.value
    }

    @Test("where nobody else holds the socket, there is nothing to hand over")
    func notInherited() async throws {
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        let server = try server(onListening: { onPort.yield($0) }) { _, _ in Self.response("here") }
        let group = ServiceGroup(configuration: .init(services: [.init(service: server, successTerminationBehavior: .ignore)], logger: logger))
        let running = Task { try await group.run() }
        let port = try #require(await first(ports))
        server.handOver()
        #expect(try await get(port, "/").body == "here")
        await group.triggerGracefulShutdown()
        try await running.value
    }

    @Test("a response has its date as RFC 9110 writes it, in English")
    func date() {
        #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT" && HTTPDate.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test("a port that is lost is opened again, and the server says so in the log meanwhile")
    func lost() async throws {
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        let (errors, onError) = AsyncStream.makeStream(of: String.self)
        let server = try HTTPServer(
            host: "127.0.0.1", port: 0, onListening: { onPort.yield($0) }, logger: Logger(label: "test") { _ in ErrorLog { onError.yield($0) } }
        ) { _, _ in Self.response("here") }
        let group = ServiceGroup(configuration: .init(services: [.init(service: server, successTerminationBehavior: .ignore)], logger: logger))
        let running = Task { try await group.run() }
        var openings = ports.makeAsyncIterator()
        let port = try #require(await openings.next())
        #expect(server.problem == nil)
        try #require(shutDownListener(port: port))
        #expect(await errors.first { $0.hasPrefix("HTTP address was lost") } != nil)
        #expect(await openings.next() == port)
        #expect(server.problem == nil)
        #expect(try await get(port, "/").status == 200)
        await group.triggerGracefulShutdown()
        try await running.value
    }

    // MARK: -

    private static func response(_ text: String) -> Response {
        Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private func server(
        port: Int = 0, onListening: @escaping @Sendable (Int) async -> Void = { _ in }, idleLimit: Duration = .seconds(10),
        answer: @escaping HTTPServer.Answer = { _, _ in nil }
    ) throws(HTTPServerError) -> HTTPServer {
        try HTTPServer(host: "127.0.0.1", port: port, onListening: onListening, idleLimit: idleLimit, logger: logger, answer: answer)
    }

    /// Runs the body while a server serves.
    private func serving(
        port: Int = 0, idleLimit: Duration = .seconds(10), answer: @escaping HTTPServer.Answer = { _, _ in nil },
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        let server = try server(port: port, onListening: { onPort.yield($0) }, idleLimit: idleLimit, answer: answer)
        let group = ServiceGroup(configuration: .init(services: [.init(service: server, successTerminationBehavior: .ignore)], logger: logger))
        let running = Task {
            defer { onPort.finish() }
            try await group.run()
        }
        if let port = await first(ports) { try await body(port) }
        await group.triggerGracefulShutdown()
        try await running.value
    }
}

/// A listening socket of this process at a port that the system chose.
private func listener() -> (descriptor: Int32, port: Int)? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0 ? getsockname(descriptor, $0, &length) : -1
        }
    }
    return status == 0 ? (descriptor, Int(UInt16(bigEndian: name.sin_port))) : nil
}

private func connect(port: Int) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = in_port_t(port).bigEndian
    name.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    let status = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    return status == 0 ? descriptor : nil
}

/// Makes the listening socket of this process at a port useless, as a lost network interface does.
/// - Returns: false when there is none.
private func shutDownListener(port: Int) -> Bool {
    for descriptor in Int32(3)..<1024 {
        var listens: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0, listens != 0 else { continue }
        let status = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        if status == 0, Int(UInt16(bigEndian: name.sin_port)) == port { return shutdown(descriptor, Int32(SHUT_RDWR)) == 0 }
    }
    return false
}

/// Hands error messages on.
private struct ErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.error
    let onError: @Sendable (String) -> Void

    init(_ onError: @escaping @Sendable (String) -> Void) { self.onError = onError }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { onError("\(event.message)") }
}

@discardableResult
private func first<Element: Sendable>(_ stream: AsyncStream<Element>) async -> Element? {
    for await element in stream { return element }
    return nil
}

private struct Answer: Sendable, Hashable {
    let status: Int
    let type: String?
    let body: String
}

private func get(_ port: Int, _ path: String, method: String = "GET") async throws -> Answer {
    var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
    request.httpMethod = method
    let (data, response) = try await URLSession.shared.data(for: request)
    let answer = try #require(response as? HTTPURLResponse)
    return Answer(
        status: answer.statusCode, type: answer.value(forHTTPHeaderField: "Content-Type"), body: String(decoding: data, as: UTF8.self))
}
