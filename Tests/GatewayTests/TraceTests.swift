import Domain
import Gateway
import ServerKit
import Synchronization
import Testing
import Traces
import Tracing
import Wire

@Suite(.timeLimit(.minutes(1))) struct TraceTests {
    /// Spans that have ended, awaited by name.
    private final class Ended: Sendable {
        private let records = Mutex<[SpanRecord]>([])
        private let names = Log()

        func add(_ record: SpanRecord) {
            records.withLock { $0.append(record) }
            names.add(record.name)
        }

        /// Of one trace, once its request has ended. Those of stages' own servers are left out: in processes of their own they make none.
        func tree(_ trace: TraceID) async -> [SpanRecord] {
            await names.wait(for: TraceTests.generate)
            return records.withLock { $0 }.filter { span in
                span.context.traceID == trace && (span.name == TraceTests.generate || !span.name.hasPrefix("glm.v1."))
            }
        }
    }

    private static let generate = "glm.v1.Gateway/Generate"
    private let ended = Ended()
    private let parent: TraceContext

    init() throws { parent = try #require(TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")) }

    private func start(_ stages: [ScriptedStage], text: @escaping TextScript = { _, _ in }) async throws -> ScriptedFleet {
        try await withTracer(SpanTracer(Sampler(.always), onEnd: ended.add)) { try await ScriptedFleet.start(stages, text: text) }
    }

    /// As a caller that traces asks.
    private func picture(_ fleet: ScriptedFleet, isSampled: Bool = true) async throws -> GeneratedImage {
        var context = ServiceContext.topLevel
        context.traceContext = parent
        context.traceContext?.isSampled = isSampled
        let request = GenerateImageRequest(prompt: "secret", parameters: ImageOptions(steps: 2, seed: 7))
        return try await withTracer(SpanTracer()) { try await ServiceContext.withValue(context) { try await fleet.gateway.generate(request) } }
    }

    @Test("the spans of a request are one tree under its caller's, within each other, and tell no words of it")
    func tree() async throws {
        let fleet = try await start([.text, .diffusion])
        let image = try await picture(fleet)
        let spans = await ended.tree(parent.traceID)
        #expect(spans.map(\.name).sorted() == ["diffusion", Self.generate, "image", "queue", "queue", "text", "text.decode"].sorted())
        let byID = Dictionary(uniqueKeysWithValues: spans.map { ($0.context.spanID, $0) })
        for span in spans {
            guard span.name != Self.generate else {
                #expect(span.parent == parent.spanID && span.kind == .server)
                continue
            }
            let above = try #require(span.parent.flatMap { byID[$0] }, "\(span.name)")
            #expect(above.start <= span.start && span.end <= above.end, "\(span.name) in \(above.name)")
            let expected = ["image": Self.generate, "queue": "image", "text": "image", "diffusion": "image", "text.decode": "text"]
            #expect(above.name == expected[span.name] && !span.isError)
        }
        let made = try #require(spans.first { $0.name == "image" }).attributes
        #expect(made.get("glm.seed") == 7 && made.get("glm.steps") == 2 && made.get("glm.width") == 64 && made.get("gen_ai.request.model") == "m")
        #expect(spans.first { $0.name == "text.decode" }?.attributes.get("glm.tokens") == 4)
        #expect(!"\(spans)".contains("secret"))
        // The scripted stage claims half a second; when that began is told, too.
        #expect(image.timings.first?.start ?? -1 >= 0 && image.timings.last?.start == 0)
        try await fleet.stop()
    }

    @Test("a call that is made again is a second span; the first says how it failed")
    func retry() async throws {
        let count = Mutex(0)
        let fleet = try await start([.text, .text, .diffusion]) { _, _ in
            if count.withLock({ count in
                count += 1; return count
            }) == 1 {
                throw CallError(.internalError, "broken by secret")
            }
        }
        _ = try await picture(fleet)
        let calls = await ended.tree(parent.traceID).filter { $0.name == "text" }
        #expect(calls.map(\.isError) == [true, false] && calls.map { $0.attributes.get("glm.attempt") } == [1, 2])
        #expect(calls.map { $0.attributes.get("error.type") } == ["\(CallStatus.internalError)", nil].map { $0.map { .string($0) } })
        #expect(!"\(calls)".contains("secret"))
        try await fleet.stop()
    }

    @Test("of a request whose caller does not sample it there is no span")
    func unsampled() async throws {
        let fleet = try await start([.text, .diffusion])
        _ = try await picture(fleet, isSampled: false)
        _ = try await withTracer(SpanTracer()) { try await fleet.gateway.generate(GenerateImageRequest(prompt: "p")) }
        // The second request, which no caller traces, has ended after the first.
        #expect(await ended.tree(parent.traceID) == [])
        try await fleet.stop()
    }
}
