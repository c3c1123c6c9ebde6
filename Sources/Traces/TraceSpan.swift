import Synchronization
public import Tracing

/// A span under way. One that nobody records has a context and nothing else.
///
/// Texts of errors and events may hold what a caller wrote: of an error its kind is recorded, of events nothing.
public final class TraceSpan: Tracing.Span {
    public let context: ServiceContext
    /// Nil: not recorded, or ended.
    private let record: Mutex<SpanRecord?>
    private let onEnd: @Sendable (SpanRecord) -> Void

    /// - Parameter record: nil: it is not recorded.
    init(_ context: ServiceContext, record: SpanRecord?, onEnd: @escaping @Sendable (SpanRecord) -> Void) {
        self.context = context
        self.record = Mutex(record)
        self.onEnd = onEnd
    }

    /// One that is let go has ended: the work on a response that nobody takes any more, for example.
    deinit { end() }

    public var isRecording: Bool { record.withLock { $0 != nil } }

    public var operationName: String {
        get { record.withLock { $0?.name ?? "" } }
        set { record.withLock { $0?.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { record.withLock { $0?.attributes ?? [:] } }
        set { record.withLock { $0?.attributes = newValue } }
    }

    public func setStatus(_ status: SpanStatus) { record.withLock { $0?.isError = status.code == .error } }

    public func addEvent(_ event: SpanEvent) {}

    public func recordError<Instant: TracerInstant>(_ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant) {
        record.withLock { record in
            record?.isError = true
            record?.attributes["error.type"] = Self.kind(of: error)
            record?.attributes.merge(attributes)
        }
    }

    private static func kind(of error: any Error) -> String {
        switch error {
        case let error as any SpanFailure: error.spanFailure
        case is CancellationError: "cancelled"
        default: "\(type(of: error))"
        }
    }

    public func addLink(_ link: SpanLink) {
        guard let context = link.context.traceContext else { return }
        record.withLock { $0?.links.append(context) }
    }

    /// The first end counts.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard var ended = record.withLock({ record in record.take() }) else { return }
        // Somebody may have set the clock meanwhile.
        ended.end = max(ended.start, instant().nanosecondsSinceEpoch)
        onEnd(ended)
    }
}

/// An error whose kind has a name that says more than its type's.
public protocol SpanFailure: Error {
    /// One of few words: never what a caller wrote.
    var spanFailure: String { get }
}
