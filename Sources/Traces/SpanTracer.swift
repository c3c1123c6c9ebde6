public import Tracing

/// Makes spans and hands over those that have ended.
///
/// A span that is not recorded costs its names alone; below it the spans of the process are not recorded either, unless the sampler
/// looks at no parents. It passes on the context that it was given, or begins a trace that nobody records: logs have its name.
public struct SpanTracer: Tracer {
    private let sampler: Sampler
    private let onEnd: @Sendable (SpanRecord) -> Void

    /// - Parameter onEnd: called by whoever ends a span; must not wait.
    public init(_ sampler: Sampler, onEnd: @escaping @Sendable (SpanRecord) -> Void) {
        self.sampler = sampler
        self.onEnd = onEnd
    }

    /// Records nothing.
    public init() { self.init(Sampler(.never, followsParent: false)) { _ in } }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind, at instant: @autoclosure () -> Instant,
        function: String, file fileID: String, line: UInt
    ) -> TraceSpan {
        var context = context()
        let parent = context.traceContext
        let trace = parent?.traceID ?? .random()
        guard sampler.records(trace, parent: parent) else {
            if parent == nil { context.traceContext = TraceContext(traceID: trace, spanID: .random(), isSampled: false) }
            return TraceSpan(context, record: nil, onEnd: onEnd)
        }
        let own = TraceContext(traceID: trace, spanID: .random(), isSampled: true, state: parent?.state ?? "")
        context.traceContext = own
        let record = SpanRecord(
            context: own, parent: parent?.spanID, name: operationName, kind: kind, start: instant().nanosecondsSinceEpoch)
        return TraceSpan(context, record: record, onEnd: onEnd)
    }

    /// Spans are handed over as they end: nothing is held back.
    public func forceFlush() {}

    public func extract<Carrier, Extract: Extractor>(_ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract)
    where Extract.Carrier == Carrier {
        TraceContextPropagator().extract(carrier, into: &context, using: extractor)
    }

    public func inject<Carrier, Inject: Injector>(_ context: ServiceContext, into carrier: inout Carrier, using injector: Inject)
    where Inject.Carrier == Carrier {
        TraceContextPropagator().inject(context, into: &carrier, using: injector)
    }
}
