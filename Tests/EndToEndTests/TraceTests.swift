import Domain
import Foundation
import FoundationNetworking
import SpanCollector
import Synchronization
import Testing
import Traces
import Tracing
import Wire

/// Traces through the real programs, to a collector.
@Suite(.timeLimit(.minutes(3)), .serialized) struct TraceTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let traceparent = "00-\(trace)-00f067aa0ba902b7-01"

    private static func start(_ collector: String?, _ flags: [String] = []) async throws -> RunningFleet {
        try await RunningFleet.start(
            "vision,text,diffusion", ["--exit-with-parent", "--log-format", "json"] + flags,
            environment: collector.map { ["OTEL_EXPORTER_OTLP_ENDPOINT": $0] } ?? [:])
    }

    /// One tree under the caller's span, each within the one above it.
    private static func expectTree(_ spans: [SpanCollector.Span]) throws {
        let byID = Dictionary(uniqueKeysWithValues: spans.map { ($0.id, $0) })
        for span in spans {
            let parent = try #require(span.parent)
            guard let above = byID[parent] else {
                #expect(span.kind == 2 && parent == "00f067aa0ba902b7", "\(span.name)")
                continue
            }
            #expect(above.start <= span.start && span.end <= above.end, "\(span.name) in \(above.name)")
        }
        #expect(spans.count { $0.kind == 2 } == 1)
    }

    @Test("an HTTP request with a traceparent is one trace, with all that its stages did")
    func overHTTP() async throws {
        try await SpanCollector.running { collector, url in
            let fleet = try await Self.start(url, ["--http", "127.0.0.1:0"])
            let line = try await fleet.program.error { $0.contains("served over HTTP") }
            let address = String(try #require(line.firstMatch(of: /http:\/\/[0-9.]+:\d+/)).output)
            let source = try Data(contentsOf: URL(fileURLWithPath: Binaries.image("grey.png"))).base64EncodedString()
            var request = URLRequest(url: try #require(URL(string: address + "/v1/images/edits")))
            request.httpMethod = "POST"
            request.setValue("application/json", forHTTPHeaderField: "content-type")
            request.setValue(Self.traceparent, forHTTPHeaderField: "traceparent")
            request.setValue("mine", forHTTPHeaderField: "x-request-id")
            request.httpBody = Data(#"{"prompt":"secret","image":"\#(source)","size":"64x64","num_inference_steps":2,"seed":3}"#.utf8)
            let (_, response) = try await URLSession.shared.data(for: request)
            #expect((response as? HTTPURLResponse)?.statusCode == 200)

            let root = "POST /v1/images/edits"
            let spans = await collector.spans { $0.contains { $0.name == root } }.filter { $0.trace == Self.trace }
            try Self.expectTree(spans)
            #expect(
                Set(spans.map(\.name))
                    == [
                        root, "image", "queue", "vision", "read", "vision.encode", "text", "text.prefill", "text.decode", "diffusion",
                        "diffusion.denoise", "diffusion.vae", "write",
                    ])
            #expect(spans.first { $0.name == root }?.attributes["glm.request"] == "mine")
            #expect(spans.first { $0.name == "image" }?.attributes["glm.seed"] == "3")
            #expect(!"\(spans)".contains("secret"))
            await fleet.stop()
        }
    }

    @Test("the logs of all processes name trace and request, an object a line")
    func logs() async throws {
        let fleet = try await Self.start(nil)
        _ = try await Self.traced { try await fleet.gateway.generate(Self.request, CallSettings(requestID: "mine")) }
        var loggers: Set<String> = []
        _ = try await fleet.program.error { line in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String] else {
                Issue.record("no object: \(line)")
                return true
            }
            #expect(!line.contains("secret"))
            if object["message"] == "call", object["trace"] == Self.trace, object["request"] == "mine" { loggers.insert(object["logger"] ?? "") }
            return loggers == ["glm-gateway", "glm-text", "glm-diffusion"]
        }
        await fleet.stop()
    }

    private static let request = GenerateImageRequest(prompt: "secret", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 3))

    /// Runs calls as a client that traces makes them.
    private static func traced<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        var context = ServiceContext.topLevel
        context.traceContext = TraceContext(traceparent: traceparent)
        return try await withTracer(SpanTracer()) { try await ServiceContext.withValue(context) { try await body() } }
    }

    @Test("a gRPC call with a traceparent is one trace; a stage that is killed under it leaves a span that failed, and a second one")
    func killed() async throws {
        try await SpanCollector.running { collector, url in
            let fleet = try await Self.start(url)
            let long = GenerateImageRequest(prompt: "secret", parameters: ImageOptions(height: 1024, width: 1024, steps: 1, seed: 3))
            let isKilled = Atomic(false)
            _ = try await Self.traced {
                try await fleet.gateway.generate(long) { event in
                    guard case .progress(let progress) = event, progress.stage == "text", progress.done > 0,
                        !isKilled.exchange(true, ordering: .relaxed)
                    else { return }
                    for process in fleet.processes("glm-text") { kill(process, SIGKILL) }
                }
            }
            let root = "glm.v1.Gateway/Generate"
            let spans = await collector.spans { $0.contains { $0.name == root && $0.trace == Self.trace } }.filter { $0.trace == Self.trace }
            try Self.expectTree(spans)
            let calls = spans.filter { $0.name == "text" }.sorted { $0.start < $1.start }
            #expect(calls.count >= 2 && calls.first?.status == 2 && calls.last?.status == 1, "\(calls)")
            #expect(calls.first?.attributes["error.type"] != nil && calls.last?.attributes["glm.attempt"] == "\(calls.count)")
            #expect(spans.contains { $0.name == "text.preview" && $0.parent == calls.last?.id })
            await fleet.stop()
        }
    }

    @Test("a job is in the trace of the call that submitted it")
    func job() async throws {
        try await SpanCollector.running { collector, url in
            // Jobs are kept by gateways that live on by themselves.
            let fleet = try await RunningFleet.start("text,diffusion", [], environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": url])
            let jobs = JobsClient(fleet.connection)
            _ = try await Self.traced { try await jobs.submit(SubmitJobRequest(request: Self.request)) }
            let spans = await collector.spans { $0.contains { $0.name == "job" } }
            let job = try #require(spans.first { $0.name == "job" })
            let submission = try #require(spans.first { $0.name == "glm.v1.Jobs/Submit" })
            #expect(job.trace == Self.trace && job.parent == submission.id && job.kind == 5 && job.status == 1)
            #expect(spans.contains { $0.name == "image" && $0.parent == job.id })
            await fleet.stop()
        }
    }

    @Test("a collector that hangs delays no request, and not the end of the gateway for long")
    func hangs() async throws {
        try await SpanCollector.running(answering: Array(repeating: .none, count: 100)) { collector, url in
            let fleet = try await Self.start(url)
            for _ in 0..<3 { _ = try await Self.traced { try await fleet.gateway.generate(Self.request) } }
            _ = await collector.spans { _ in true }
            let asked = ContinuousClock.now
            await fleet.stop()
            #expect(asked.duration(to: .now) < .seconds(8))
        }
    }
}
