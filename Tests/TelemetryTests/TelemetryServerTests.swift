import Foundation
#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif
import Logging
import Metrics
import ServiceLifecycle
import Synchronization
import Telemetry
import Testing

@Suite("Metrics and health over HTTP")
struct TelemetryServerTests {
    private let registry = MetricsRegistry()
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("metrics are told in the text format, with values read for each answer")
    func metrics() async throws {
        Counter(label: "glm_gateway_images", factory: registry).increment()
        let reads = Mutex(0)
        let collect: @Sendable () async -> [Sample] = {
            let count = reads.withLock {
                $0 += 1; return $0
            }
            return [Sample("glm_text_queue_length", "Requests that wait.", .gauge, Double(count))]
        }
        try await serving(collect: collect) { port in
            for read in 1...2 {
                let answer = try await get(port, "/metrics")
                #expect(answer.status == 200)
                #expect(answer.type == "text/plain; version=0.0.4; charset=utf-8")
                let text = try ExpositionParser(answer.body)
                #expect(text.value("glm_gateway_images_total") == 1)
                #expect(text.value("glm_text_queue_length") == Double(read))
            }
        }
    }

    @Test("health answers in one line of JSON, with the reason when it is not well")
    func health() async throws {
        let ready = Mutex(TelemetryServer.Health.unwell("no \"text\" stage serves"))
        let well = Answer(status: 200, type: "application/json", body: "{\"status\":\"ok\"}\n")
        try await serving(ready: { ready.withLock { $0 } }) { port in
            let live = try await get(port, "/health/live")
            #expect(live == well)
            let unready = try await get(port, "/health/ready")
            let reason = "{\"reason\":\"no \\\"text\\\" stage serves\",\"status\":\"unavailable\"}\n"
            #expect(unready == Answer(status: 503, type: "application/json", body: reason))
            ready.withLock { $0 = .well }
            let readyAgain = try await get(port, "/health/ready")
            #expect(readyAgain == well)
        }
    }

    @Test("HEAD is answered without a body; other paths and methods are not found")
    func others() async throws {
        try await serving { port in
            let head = try await get(port, "/metrics", method: "HEAD")
            #expect(head == Answer(status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: ""))
            let path = try await get(port, "/health")
            let method = try await get(port, "/metrics", method: "POST")
            #expect(path.status == 404 && method.status == 404)
        }
    }

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

    @Test("a port in use is refused with the address and what to do")
    func inUse() async throws {
        try await serving { port in
            let second = try server(port: port)
            await #expect(
                throws: TelemetryError(
                    .inUse,
                    "another process listens at 127.0.0.1:\(port); choose another port, or end that process (ss -ltnp 'sport = :\(port)' names it)")
            ) { try await second.run() }
        }
    }

    @Test("an address that can't be is refused")
    func address() async throws {
        #expect(throws: TelemetryError(.invalidAddress, "port 65536 is not 0 to 65535")) { try server(port: 65536) }
        let nowhere = try TelemetryServer(host: "nowhere.invalid", port: 0, registry: registry, ready: { .well }, logger: logger)
        await #expect(throws: TelemetryError(.invalidAddress, "host nowhere.invalid is not known")) { try await nowhere.run() }
    }

    @Test("what was asked before the end is answered, and the port is free after it")
    func graceful() async throws {
        let (asked, onAsked) = AsyncStream.makeStream(of: Void.self)
        let (go, onGo) = AsyncStream.makeStream(of: Void.self)
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        let server = try server(
            collect: {
                onAsked.yield()
                for await _ in go { break }
                return [Sample("glm_late", "", .gauge, Task.isCancelled ? 0 : 1)]
            }, onListening: { onPort.yield($0) })
        let group = ServiceGroup(services: [server], logger: logger)
        let running = Task { try await group.run() }
        let port = try #require(await first(ports))
        let answer = Task { try await get(port, "/metrics") }
        await first(asked)
        await group.triggerGracefulShutdown()
        onGo.yield()
        let late = try await answer.value
        #expect(late.status == 200 && late.body.contains("glm_late 1\n"))
        // The group calls the end of its only service unexpected, in whatever way that came.
        _ = await running.result
        try await serving(port: port) { #expect($0 == port) }
    }

    @Test("a port that is lost is opened again, and the server says so in the log meanwhile")
    func lost() async throws {
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        let (errors, onError) = AsyncStream.makeStream(of: String.self)
        let server = try TelemetryServer(
            host: "127.0.0.1", port: 0, registry: registry, ready: { .well }, onListening: { onPort.yield($0) },
            logger: Logger(label: "test") { _ in ErrorLog { onError.yield($0) } })
        let group = ServiceGroup(configuration: .init(services: [.init(service: server, successTerminationBehavior: .ignore)], logger: logger))
        let running = Task { try await group.run() }
        var openings = ports.makeAsyncIterator()
        let port = try #require(await openings.next())
        #expect(server.problem == nil)
        try #require(shutDownListener(port: port))
        #expect(await errors.first { $0.hasPrefix("HTTP address was lost") } != nil)
        #expect(await openings.next() == port)
        #expect(server.problem == nil)
        #expect(try await get(port, "/health/live").status == 200)
        await group.triggerGracefulShutdown()
        try await running.value
    }

    // MARK: -

    private func server(
        port: Int = 0, collect: @escaping @Sendable () async -> [Sample] = { [] },
        ready: @escaping @Sendable () async -> TelemetryServer.Health = { .well },
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }, idleLimit: Duration = .seconds(10)
    ) throws(TelemetryError) -> TelemetryServer {
        try TelemetryServer(
            host: "127.0.0.1", port: port, registry: registry, collect: collect, ready: ready, onListening: onListening, idleLimit: idleLimit,
            logger: logger)
    }

    /// Runs the body while a server serves.
    private func serving(
        port: Int = 0, collect: @escaping @Sendable () async -> [Sample] = { [] },
        ready: @escaping @Sendable () async -> TelemetryServer.Health = { .well }, idleLimit: Duration = .seconds(10),
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, onPort) = AsyncStream.makeStream(of: Int.self)
        let server = try server(port: port, collect: collect, ready: ready, onListening: { onPort.yield($0) }, idleLimit: idleLimit)
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
