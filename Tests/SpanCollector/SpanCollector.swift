import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Receives spans as OTLP over HTTP, and answers as it is told to.
public final class SpanCollector: Sendable {
    public enum Answer: Sendable {
        case status(Int, retryAfter: String? = nil)
        /// Never.
        case none
    }

    /// One span of a batch.
    public struct Span: Sendable, Hashable {
        public let trace, id, name: String
        public let parent: String?
        public let kind, status: Int
        /// Nanoseconds since 1970.
        public let start, end: UInt64
        /// Values as text.
        public let attributes: [String: String]
    }

    /// One request.
    public struct Batch: Sendable {
        public let path: String
        public let headers: [String: String]
        public let body: String

        public var spans: [Span] { SpanCollector.spans(body) }
    }

    /// Requests, in their order.
    public let batches: AsyncStream<Batch>
    private let receive: AsyncStream<Batch>.Continuation
    private let answers: Mutex<[Answer]>
    /// Ends with the collector, and so do the requests that it never answers.
    private let end: AsyncStream<Never>
    private let onEnd: AsyncStream<Never>.Continuation

    /// - Parameter answers: to the first requests; to all others 200.
    private init(_ answers: [Answer]) {
        (batches, receive) = AsyncStream.makeStream()
        (end, onEnd) = AsyncStream.makeStream()
        self.answers = Mutex(answers)
    }

    /// Runs `body` with a collector and its address, as in `http://127.0.0.1:4318`.
    public static func running(
        answering answers: [Answer] = [], _ body: @escaping @Sendable (_ collector: SpanCollector, _ url: String) async throws -> Void
    ) async throws {
        let collector = SpanCollector(answers)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in try await collector.answer(request) },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: Logger(label: "collector") { _ in SwiftLogNoOpLogHandler() })
        let service = ServiceGroupConfiguration.ServiceConfiguration(service: application, successTerminationBehavior: .ignore)
        let group = ServiceGroup(configuration: .init(services: [service], logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }))
        let serving = Task {
            defer { port.finish() }
            try await group.run()
        }
        var outcome = Result<Void, any Error>.success(())
        for await port in ports {
            do { try await body(collector, "http://127.0.0.1:\(port)") } catch { outcome = .failure(error) }
            break
        }
        // Not by cancellation: NIO traps on a connection that a server has accepted and not yet taken up (swift-nio, issue 2637).
        collector.onEnd.finish()
        await group.triggerGracefulShutdown()
        try await serving.value
        try outcome.get()
    }

    /// Spans of further batches, until those so far fit.
    public func spans(where fits: ([Span]) -> Bool) async -> [Span] {
        var spans: [Span] = []
        for await batch in batches {
            spans += batch.spans
            if fits(spans) { break }
        }
        return spans
    }

    private func answer(_ request: Request) async throws -> Response {
        let headers = request.headers.reduce(into: [String: String]()) { $0[$1.name.canonicalName] = $1.value }
        let body = try await request.body.collect(upTo: 20 << 20)
        receive.yield(Batch(path: request.uri.path, headers: headers, body: String(buffer: body)))
        switch answers.withLock({ $0.isEmpty ? .status(200) : $0.removeFirst() }) {
        case .status(let code, let retryAfter):
            return Response(
                status: .init(code: code), headers: retryAfter.map { [.retryAfter: $0] } ?? [:], body: .init(byteBuffer: ByteBuffer(string: "{}")))
        case .none:
            for await _ in end {}
            throw CancellationError()
        }
    }

    private static func spans(_ body: String) -> [Span] {
        let document = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        let scopes = (document?["resourceSpans"] as? [[String: Any]] ?? []).flatMap { $0["scopeSpans"] as? [[String: Any]] ?? [] }
        return scopes.flatMap { $0["spans"] as? [[String: Any]] ?? [] }.map { span in
            let attributes = span["attributes"] as? [[String: Any]] ?? []
            return Span(
                trace: span["traceId"] as? String ?? "", id: span["spanId"] as? String ?? "", name: span["name"] as? String ?? "",
                parent: span["parentSpanId"] as? String, kind: span["kind"] as? Int ?? 0,
                status: (span["status"] as? [String: Any])?["code"] as? Int ?? 0,
                start: UInt64(span["startTimeUnixNano"] as? String ?? "") ?? 0, end: UInt64(span["endTimeUnixNano"] as? String ?? "") ?? 0,
                attributes: attributes.reduce(into: [:]) { told, attribute in
                    let value = (attribute["value"] as? [String: Any])?.values.first
                    told[attribute["key"] as? String ?? ""] = value.map { "\($0)" }
                })
        }
    }
}
