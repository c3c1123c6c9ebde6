import Logging
import OTLP
import ServiceLifecycle
import SpanCollector
import Synchronization
import Testing
import Traces

@Suite(.timeLimit(.minutes(1))) struct SpanExporterTests {
    /// Of the log.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private struct LineLog: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.add("\(event.message) \(event.metadata ?? [:])") }
    }

    private struct Exporting: Service {
        let exporter: SpanExporter
        let logger: Logger
        func run() async throws { try await exporter.run(logger) }
    }

    private let lines = Lines()

    private func exporter(_ url: String, limit: Int = 4096, _ change: (inout SpanExporter.Times) -> Void = { _ in }) throws -> SpanExporter {
        var times = SpanExporter.Times()
        times.gathering = .milliseconds(50)
        change(&times)
        let environment = ["OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20t", "OTEL_SERVICE_NAME": "mine"]
        let settings = try #require(try ExportSettings(environment: environment, service: "own"))
        return SpanExporter(settings, version: "1", times: times, limit: limit)
    }

    /// Runs the exporter beside `body`, then lets it end.
    private func running(_ exporter: SpanExporter, _ body: () async throws -> Void) async throws {
        let logger = Logger(label: "") { _ in LineLog(lines: lines) }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: Exporting(exporter: exporter, logger: logger), successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger))
        let task = Task { try await group.run() }
        do { try await body() } catch {
            task.cancel()
            throw error
        }
        await group.triggerGracefulShutdown()
        _ = await task.result
    }

    private func add(_ count: Int, to exporter: SpanExporter) {
        for number in 0..<count {
            exporter.add(
                SpanRecord(
                    context: TraceContext(traceID: .random(), spanID: .random(), isSampled: true), name: "s\(number)", start: 1, end: 2))
        }
    }

    @Test("spans are sent together, where and as the environment says")
    func sent() async throws {
        try await SpanCollector.running { collector, url in
            let exporter = try exporter(url)
            try await running(exporter) {
                add(3, to: exporter)
                for await batch in collector.batches {
                    #expect(
                        batch.path == "/v1/traces" && batch.headers["content-type"] == "application/json"
                            && batch.headers["authorization"] == "Bearer t")
                    #expect(
                        batch.spans.map(\.name) == ["s0", "s1", "s2"]
                            && batch.body.contains(#"{"key":"service.name","value":{"stringValue":"mine"}}"#))
                    break
                }
            }
            #expect(lines.all.isEmpty)
        }
    }

    @Test("a full batch does not wait for the second to end; what is left when the process ends is sent")
    func full() async throws {
        try await SpanCollector.running { collector, url in
            let exporter = try exporter(url) { $0.gathering = .seconds(600) }
            try await running(exporter) {
                add(512, to: exporter)
                #expect(await collector.spans { $0.count >= 512 }.count == 512)
                add(2, to: exporter)
            }
            #expect(await collector.spans { $0.count >= 2 }.map(\.name) == ["s0", "s1"])
        }
    }

    @Test("a batch that the collector wants again is sent again, the same")
    func again() async throws {
        try await SpanCollector.running(answering: [.status(429, retryAfter: "0"), .status(503, retryAfter: "1")]) { collector, url in
            let exporter = try exporter(url)
            try await running(exporter) {
                add(1, to: exporter)
                var bodies: [String] = []
                for await batch in collector.batches {
                    bodies.append(batch.body)
                    if bodies.count == 3 { break }
                }
                #expect(Set(bodies).count == 1)
            }
            #expect(lines.all.isEmpty)
        }
    }

    @Test("a batch that is refused is dropped, and the next one is sent; the log says when that begins and ends", arguments: [400, 503])
    func refused(status: Int) async throws {
        try await SpanCollector.running(answering: [.status(status), .status(status)]) { collector, url in
            let exporter = try exporter(url)
            try await running(exporter) {
                for _ in 0..<3 {
                    add(1, to: exporter)
                    _ = await collector.spans { _ in true }
                }
            }
            #expect(
                lines.all.count == 2 && lines.all.first?.contains("status \(status)") == true && lines.all.last?.contains("again") == true,
                "\(lines.all)")
        }
    }

    @Test("a collector that does not answer holds up nobody: whoever ends a span goes on, and the exporter ends")
    func hangs() async throws {
        try await SpanCollector.running(answering: [.none, .none, .none]) { collector, url in
            let exporter = try exporter(url, limit: 600) {
                $0.answer = .milliseconds(100)
                $0.farewell = .milliseconds(200)
            }
            let start = ContinuousClock.now
            try await running(exporter) {
                add(2000, to: exporter)
                _ = await collector.spans { _ in true }
                add(2000, to: exporter)
            }
            #expect(start.duration(to: .now) < .seconds(20))
            #expect(lines.all.first?.contains("no answer") == true)
        }
    }

    @Test("a collector that is not there is told once, and without its address")
    func absent() async throws {
        let exporter = try exporter("http://127.0.0.1:1") { $0.answer = .milliseconds(200) }
        try await running(exporter) {
            add(1, to: exporter)
            while lines.all.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
        #expect(lines.all.count == 1 && lines.all.first?.contains("127.0.0.1") == false)
    }
}
