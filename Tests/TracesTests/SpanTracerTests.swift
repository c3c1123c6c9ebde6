import Synchronization
import Testing
import Traces
import Tracing

@Suite struct SpanTracerTests {
    private final class Ended: Sendable {
        private let records = Mutex<[SpanRecord]>([])
        var all: [SpanRecord] { records.withLock { $0 } }
        func add(_ record: SpanRecord) { records.withLock { $0.append(record) } }
    }

    private struct Carrier: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    private struct Broken: SpanFailure {
        let prompt = "what the caller wrote"
        var spanFailure: String { "broken" }
    }

    private let ended = Ended()
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func context(_ tracer: SpanTracer, _ headers: [String: String]) -> ServiceContext {
        var context = ServiceContext.topLevel
        tracer.extract(headers, into: &context, using: Carrier())
        return context
    }

    @Test("spans of a request whose caller traces are under the caller's, within each other")
    func tree() throws {
        let tracer = SpanTracer(Sampler(.always), onEnd: ended.add)
        tracer.withSpan("outer", context: context(tracer, ["traceparent": Self.parent, "tracestate": "a=1"]), ofKind: .server) { outer in
            var headers: [String: String] = [:]
            tracer.inject(outer.context, into: &headers, using: Carrier())
            #expect(headers["traceparent"]?.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-") == true && headers["tracestate"] == "a=1")
            tracer.withSpan("inner") { inner in inner.attributes["glm.tokens"] = 3 }
        }
        let (inner, outer) = (try #require(ended.all.first), try #require(ended.all.last))
        #expect(ended.all.map(\.name) == ["inner", "outer"] && outer.kind == .server && inner.kind == .internal)
        #expect("\(try #require(outer.parent))" == "00f067aa0ba902b7" && inner.parent == outer.context.spanID)
        #expect(inner.context.traceID == outer.context.traceID && "\(outer.context.traceID)" == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(outer.start <= inner.start && inner.start <= inner.end && inner.end <= outer.end && inner.attributes.get("glm.tokens") == 3)
    }

    @Test("what is not recorded is passed on as it came; without a caller's trace a name is made up, for the logs")
    func unrecorded() throws {
        let tracer = SpanTracer(Sampler(.never, followsParent: false), onEnd: ended.add)
        let given = try #require(TraceContext(traceparent: Self.parent))
        tracer.withSpan("a", context: context(tracer, ["traceparent": Self.parent])) { span in
            #expect(!span.isRecording && span.context.traceContext == given)
        }
        tracer.withSpan("b", context: context(tracer, ["traceparent": "00-zero"])) { span in
            let own = span.context.traceContext
            #expect(own != nil && own?.isSampled == false && own?.traceID != given.traceID)
            tracer.withSpan("c") { #expect($0.context.traceContext == own) }
        }
        #expect(ended.all.isEmpty)
    }

    @Test("of an error the kind is recorded, and none of its words")
    func errors() throws {
        let tracer = SpanTracer(Sampler(.always), onEnd: ended.add)
        #expect(throws: Broken.self) { try tracer.withSpan("a") { _ in throw Broken() } }
        #expect(throws: CancellationError.self) { try tracer.withSpan("b") { _ in throw CancellationError() } }
        tracer.withSpan("c") { $0.addEvent(SpanEvent(name: "what the caller wrote")) }
        #expect(ended.all.map(\.isError) == [true, true, false])
        #expect(ended.all.map { $0.attributes.get("error.type") } == ["broken", "cancelled", nil])
        #expect(!"\(ended.all)".contains("caller wrote"))
    }

    @Test("a span ends once, not before it has begun, and also when it is let go")
    func ends() {
        let tracer = SpanTracer(Sampler(.always), onEnd: ended.add)
        let span = tracer.startSpan("a", at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 10))
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 5))
        span.end()
        span.operationName = "b"
        _ = tracer.startSpan("let go")
        #expect(ended.all.map(\.name) == ["a", "let go"] && ended.all.first?.end == 10)
    }

    @Test("a link leads to another span")
    func links() throws {
        let tracer = SpanTracer(Sampler(.always), onEnd: ended.add)
        let other = tracer.startSpan("other")
        tracer.withSpan("a") { $0.addLink(SpanLink(context: other.context, attributes: [:])) }
        #expect(ended.all.first?.links == [try #require(other.context.traceContext)])
    }
}
