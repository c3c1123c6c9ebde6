import Domain
public import Traces
import Tracing

/// Spans as OTLP has them in JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Ids are hexadecimal, enums numbers, 64 bits
/// strings.
public enum SpanDocument {
    private static let longestText = 1024

    /// - Parameter resource: what is said of the process, in this order; `service.name` first.
    public static func json(_ spans: [SpanRecord], resource: [(key: String, value: String)]) -> String {
        let attributes = resource.map { attribute($0.key, .string($0.value)) }.joined(separator: ",")
        let spans = spans.map(span).joined(separator: ",")
        return #"{"resourceSpans":[{"resource":{"attributes":[\#(attributes)]},"scopeSpans":[{"scope":{"name":"glm"},"spans":[\#(spans)]}]}]}"#
    }

    private static func span(_ span: SpanRecord) -> String {
        var fields = [#""traceId":"\#(span.context.traceID)""#, #""spanId":"\#(span.context.spanID)""#]
        if !span.context.state.isEmpty { fields.append(#""traceState":\#(span.context.state.quotedJSON)"#) }
        if let parent = span.parent { fields.append(#""parentSpanId":"\#(parent)""#) }
        fields.append(#""name":\#(text(span.name)),"kind":\#(number(span.kind))"#)
        fields.append(#""startTimeUnixNano":"\#(span.start)","endTimeUnixNano":"\#(span.end)""#)
        var attributes: [(key: String, value: SpanAttribute)] = []
        span.attributes.forEach { attributes.append(($0, $1)) }
        fields.append(#""attributes":[\#(attributes.sorted { $0.key < $1.key }.map(attribute).joined(separator: ","))]"#)
        if !span.links.isEmpty {
            let links = span.links.map { #"{"traceId":"\#($0.traceID)","spanId":"\#($0.spanID)"}"# }
            fields.append(#""links":[\#(links.joined(separator: ","))]"#)
        }
        // STATUS_CODE_OK, STATUS_CODE_ERROR; why it failed is an attribute.
        fields.append(#""status":{"code":\#(span.isError ? 2 : 1)}"#)
        return "{\(fields.joined(separator: ","))}"
    }

    private static func attribute(_ key: String, _ value: SpanAttribute) -> String { #"{"key":\#(text(key)),"value":\#(self.value(value))}"# }

    private static func value(_ value: SpanAttribute) -> String {
        switch value {
        case .int32(let number): #"{"intValue":"\#(number)"}"#
        case .int64(let number): #"{"intValue":"\#(number)"}"#
        case .double(let number): #"{"doubleValue":\#(self.number(number))}"#
        case .bool(let truth): #"{"boolValue":\#(truth)}"#
        case .string(let string): #"{"stringValue":\#(text(string))}"#
        case .stringConvertible(let string): #"{"stringValue":\#(text("\(string)"))}"#
        case .stringArray(let strings): #"{"arrayValue":{"values":[\#(strings.map { self.value(.string($0)) }.joined(separator: ","))]}}"#
        // No span of ours has any other.
        default: "{}"
        }
    }

    private static func text(_ text: String) -> String { text.prefix(bytes: longestText).quotedJSON }

    /// What is not finite has a name in protobuf's JSON.
    private static func number(_ number: Double) -> String {
        if number.isFinite { return "\(number)" }
        return number.isNaN ? #""NaN""# : number > 0 ? #""Infinity""# : #""-Infinity""#
    }

    private static func number(_ kind: SpanKind) -> Int {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
