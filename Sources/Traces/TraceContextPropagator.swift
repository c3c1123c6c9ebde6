public import Tracing

/// Reads and writes W3C's two headers. Carriers give a header that comes twice as both values with a comma between: such a `traceparent` is malformed.
public struct TraceContextPropagator: Instrument {
    private static let parent = "traceparent"
    private static let state = "tracestate"

    public init() {}

    public func extract<Carrier, Extract: Extractor>(_ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract)
    where Extract.Carrier == Carrier {
        context.traceContext = extractor.extract(key: Self.parent, from: carrier).flatMap {
            TraceContext(traceparent: $0, tracestate: extractor.extract(key: Self.state, from: carrier) ?? "")
        }
    }

    public func inject<Carrier, Inject: Injector>(_ context: ServiceContext, into carrier: inout Carrier, using injector: Inject)
    where Inject.Carrier == Carrier {
        guard let trace = context.traceContext else { return }
        injector.inject(trace.traceparent, forKey: Self.parent, into: &carrier)
        if !trace.state.isEmpty { injector.inject(trace.state, forKey: Self.state, into: &carrier) }
    }
}
