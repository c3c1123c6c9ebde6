public import Traces
public import Wire

extension CallError: SpanFailure {
    /// The status: the message may hold what the caller wrote.
    public var spanFailure: String { "\(status)" }
}
