public import Tracing

/// Where a request stands in its trace, as processes tell each other: W3C Trace Context, https://www.w3.org/TR/trace-context/.
public struct TraceContext: Sendable, Hashable {
    public var traceID: TraceID
    /// The span under which the next one belongs.
    public var spanID: SpanID
    /// That span is recorded.
    public var isSampled: Bool
    /// `tracestate`: what systems of other vendors want to be told. Passed on as it came; empty: nothing.
    public var state: String

    public init(traceID: TraceID, spanID: SpanID, isSampled: Bool, state: String = "") {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// - Parameter tracestate: nothing of it is passed on where it is malformed.
    /// - Returns: nil for a `traceparent` that is malformed: the request then begins a trace of its own.
    public init?(traceparent: String, tracestate: String = "") {
        let bytes = Array(traceparent.utf8.drop { $0.isBlank }.reversed().drop { $0.isBlank }.reversed())
        // 00-<32 digits>-<16 digits>-<2 digits>; a later version may say more behind one more dash.
        guard bytes.count >= 55, [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }),
            let version = UInt64(hexadecimal: bytes[0..<2]), version != 0xff,
            bytes.count == 55 || (version > 0 && bytes[55] == UInt8(ascii: "-")),
            let high = UInt64(hexadecimal: bytes[3..<19]), let low = UInt64(hexadecimal: bytes[19..<35]),
            let traceID = TraceID(high: high, low: low), let spanID = UInt64(hexadecimal: bytes[36..<52]).flatMap(SpanID.init),
            let flags = UInt64(hexadecimal: bytes[53..<55])
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1, state: TraceState.accepted(tracestate))
    }

    /// Version 00, whichever came.
    public var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }
}

extension UInt8 {
    /// Space or tab.
    var isBlank: Bool { self == 0x20 || self == 0x09 }
}

extension ServiceContext {
    private enum Key: ServiceContextKey {
        typealias Value = TraceContext
        static var nameOverride: String? { "trace" }
    }

    /// The trace that the work of this task belongs to; nil: none.
    public var traceContext: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
