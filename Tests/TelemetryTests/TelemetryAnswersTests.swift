import HTTPTypes
import Hummingbird
import Metrics
import NIOCore
import Synchronization
import Telemetry
import Testing

@Suite("Metrics and health over HTTP")
struct TelemetryAnswersTests {
    private let registry = MetricsRegistry()

    @Test("metrics are told in the text format, with values read for each answer")
    func metrics() async throws {
        Counter(label: "glm_gateway_images", factory: registry).increment()
        let reads = Mutex(0)
        let answers = TelemetryAnswers(registry: registry) {
            let count = reads.withLock {
                $0 += 1; return $0
            }
            return [Sample("glm_text_queue_length", "Requests that wait.", .gauge, Double(count))]
        } ready: {
            .well
        }
        for read in 1...2 {
            let answer = try #require(await ask(answers, "/metrics"))
            #expect(answer.status == 200)
            #expect(answer.type == "text/plain; version=0.0.4; charset=utf-8")
            let text = try ExpositionParser(answer.body)
            #expect(text.value("glm_gateway_images_total") == 1)
            #expect(text.value("glm_text_queue_length") == Double(read))
        }
    }

    @Test("health answers in one line of JSON, with the reason when it is not well")
    func health() async throws {
        let ready = Mutex(TelemetryAnswers.Health.unwell("no \"text\" stage serves"))
        let answers = TelemetryAnswers(registry: registry) { ready.withLock { $0 } }
        let well = Answer(status: 200, type: "application/json", body: "{\"status\":\"ok\"}\n")
        #expect(try await ask(answers, "/health/live") == well)
        let reason = "{\"reason\":\"no \\\"text\\\" stage serves\",\"status\":\"unavailable\"}\n"
        #expect(try await ask(answers, "/health/ready") == Answer(status: 503, type: "application/json", body: reason))
        ready.withLock { $0 = .well }
        #expect(try await ask(answers, "/health/ready") == well)
    }

    @Test("HEAD is answered as GET is, for the server to leave the body out; other paths and methods are left to others")
    func others() async throws {
        let answers = TelemetryAnswers(registry: registry) { .well }
        let head = try await ask(answers, "/health/live", .head), whole = try await ask(answers, "/health/live")
        #expect(head != nil && head == whole)
        #expect(try await ask(answers, "/health") == nil)
        #expect(try await ask(answers, "/metrics", .post) == nil)
    }

    private func ask(_ answers: TelemetryAnswers, _ path: String, _ method: HTTPRequest.Method = .get) async throws -> Answer? {
        let head = HTTPRequest(method: method, scheme: "http", authority: "a", path: path)
        guard let response = await answers.respond(to: Request(head: head, body: RequestBody(buffer: ByteBuffer()))) else { return nil }
        let body = Mutex("")
        try await response.body.write(Collector { text in body.withLock { $0 += text } })
        return Answer(status: response.status.code, type: response.headers[.contentType], body: body.withLock { $0 })
    }
}

private struct Answer: Sendable, Hashable {
    let status: Int
    let type: String?
    let body: String
}

/// Takes a response's body.
private struct Collector: ResponseBodyWriter {
    let take: @Sendable (String) -> Void

    mutating func write(_ buffer: ByteBuffer) async throws { take(String(buffer: buffer)) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
