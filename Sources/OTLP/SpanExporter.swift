import AsyncHTTPClient
public import Logging
import Metrics
import NIOCore
import NIOHTTP1
import ServerKit
import ServiceLifecycle
import Synchronization
public import Traces
import Wire

/// Sends spans to a collector, as OTLP over HTTP in JSON: those of a second together, or 512.
///
/// Nobody waits for it: whoever ends a span puts it into a buffer. Spans that the buffer has no room for, or that the collector does not take, are
/// dropped and counted.
public final class SpanExporter: Sendable {
    private enum Event: Sendable {
        case buffer(SpanBuffer.Event)
        /// A second is over.
        case due
    }

    /// What each is, for those who read the numbers.
    public static let descriptions = [
        (name: exported, help: "Spans that a collector has taken."), (name: dropped, help: "Spans that were dropped, by reason."),
    ]
    private static let exported = "glm_gateway_spans_exported_total"
    private static let dropped = "glm_gateway_spans_dropped_total"

    private let settings: ExportSettings
    private let resource: [(key: String, value: String)]
    private let times: Times
    private let buffer: Mutex<SpanBuffer>
    private let events: AsyncStream<Event>
    private let post: AsyncStream<Event>.Continuation

    /// How long things take.
    package struct Times: Sendable {
        /// From a span to the batch that it is sent with.
        package var gathering = Duration.seconds(1)
        /// A collector gets so long to answer.
        package var answer = Duration.seconds(10)
        /// A batch that the collector wants again is dropped after this.
        package var batch = Duration.seconds(30)
        /// What is left when the process ends gets so long.
        package var farewell = Duration.seconds(2)

        package init() {}
    }

    /// - Parameter version: of the program.
    public convenience init(_ settings: ExportSettings, version: String) { self.init(settings, version: version, times: Times()) }

    package init(_ settings: ExportSettings, version: String, times: Times, limit: Int = SpanBuffer().limit) {
        self.settings = settings
        self.times = times
        resource = [("service.name", settings.service), ("service.version", version)]
        buffer = Mutex(SpanBuffer(limit: limit))
        // One is enough: each of them has everything sent that is there, or lets a second begin in which nothing was.
        (events, post) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Keeps a span until it is sent. Never waits.
    public func add(_ span: SpanRecord) {
        do throws(SpanBuffer.Full) {
            if let event = try buffer.withLock({ buffer throws(SpanBuffer.Full) in try buffer.append(span) }) { post.yield(.buffer(event)) }
        } catch {
            Self.count(1, dropped: "full")
        }
    }

    /// Sends until its service group shuts down; then what is left, for a moment.
    public func run(_ logger: Logger) async throws {
        for problem in settings.problems { logger.warning("traces", metadata: ["problem": "\(problem)"]) }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(times))
        let sending = Task { await send(client, logger) }
        try? await gracefulShutdown()
        post.finish()
        let limit = Task { [farewell = times.farewell] in
            try await Pause.for(farewell)
            sending.cancel()
        }
        await sending.value
        limit.cancel()
        try? await client.shutdown()
    }

    private static func configuration(_ times: Times) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // The deadline of a request ends with the answer's head: without this a body that stalls would hold the export for ever.
        configuration.timeout.read = TimeAmount(times.answer)
        // The library makes a span of each request: that of a batch would be sent with the next one, for ever.
        configuration.tracing.tracer = nil
        return configuration
    }

    private func send(_ client: HTTPClient, _ logger: Logger) async {
        var report = FailureReport(logger: logger)
        var second: Task<Void, any Error>?
        defer { second?.cancel() }
        for await event in events {
            if case .buffer(.first) = event {
                second?.cancel()
                second = Task { [post, gathering = times.gathering] in
                    try await Pause.for(gathering)
                    post.yield(.due)
                }
            } else {
                await sendAll(client, &report)
            }
        }
        await sendAll(client, &report)
    }

    private func sendAll(_ client: HTTPClient, _ report: inout FailureReport) async {
        while true {
            let batch = buffer.withLock { $0.take() }
            if batch.isEmpty { return }
            let failure = await deliver(SpanDocument.json(batch, resource: resource), client)
            report.tell(failure)
            if failure == nil {
                Counter(label: Self.exported).increment(by: batch.count)
            } else {
                Self.count(batch.count, dropped: "refused")
            }
        }
    }

    /// - Returns: why the collector has not taken it; nil: it has.
    private func deliver(_ document: String, _ client: HTTPClient) async -> String? {
        let end = ContinuousClock.now + times.batch
        while true {
            switch await attempt(document, client) {
            case .done: return nil
            case .lost(let reason): return reason
            case .again(let asked):
                // One that says 0 is not asked as fast as it answers.
                let pause = max(asked, .seconds(1))
                guard ContinuousClock.now + pause < end else { return "it wants to be asked again in \(Int(pause.inSeconds)) s" }
                do { try await Pause.for(pause) } catch { return "the process ends" }
            }
        }
    }

    private func attempt(_ document: String, _ client: HTTPClient) async -> Delivery {
        var request = HTTPClientRequest(url: settings.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        for header in settings.headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        request.body = .bytes(ByteBuffer(string: document))
        do {
            let response = try await client.execute(request, timeout: TimeAmount(times.answer))
            // The connection is used again when the body has been read; what it says is of no use.
            _ = try? await response.body.collect(upTo: 64 << 10)
            return Delivery(status: Int(response.status.code), retryAfter: response.headers.first(name: "retry-after"))
        } catch {
            return .lost("no answer: \(type(of: error))")
        }
    }

    private static func count(_ spans: Int, dropped reason: String) {
        Counter(label: dropped, dimensions: [("reason", reason)]).increment(by: spans)
    }
}

/// Tells that spans get lost when that begins and when it ends, not each time.
private struct FailureReport {
    let logger: Logger
    private var isFailing = false

    init(logger: Logger) { self.logger = logger }

    /// - Parameter problem: nil: all is well.
    mutating func tell(_ problem: String?) {
        defer { isFailing = problem != nil }
        if let problem, !isFailing {
            logger.warning("spans are dropped: the collector does not take them", metadata: ["problem": "\(problem)"])
        } else if problem == nil, isFailing {
            logger.notice("the collector takes spans again")
        }
    }
}
