public import Tracing

/// What a span was, once it has ended.
public struct SpanRecord: Sendable, Equatable {
    /// Its own place in the trace.
    public var context: TraceContext
    /// The span above it; nil: it is the first of its trace.
    public var parent: SpanID?
    public var name: String
    public var kind: SpanKind
    /// Nanoseconds since 1970, UTC.
    public var start: UInt64
    /// Nanoseconds since 1970, UTC; not before `start`.
    public var end: UInt64
    public var attributes: SpanAttributes
    public var links: [TraceContext]
    public var isError: Bool

    public init(
        context: TraceContext, parent: SpanID? = nil, name: String, kind: SpanKind = .internal, start: UInt64, end: UInt64 = 0,
        attributes: SpanAttributes = [:], links: [TraceContext] = [], isError: Bool = false
    ) {
        self.context = context
        self.parent = parent
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.attributes = attributes
        self.links = links
        self.isError = isError
    }
}
