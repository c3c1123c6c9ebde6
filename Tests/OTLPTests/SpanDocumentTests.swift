import Foundation
import OTLP
import Testing
import Traces
import Tracing

@Suite struct SpanDocumentTests {
    private static let context = TraceContext(traceparent: "00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01")!
    private static let parent = SpanID(0xeee1_9b7e_c3c1_b173)
    private static let example =
        #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"glm-gateway"}}]},"scopeSpans":[{"scope":{"name":"glm"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173","name":"text.decode","kind":1,"startTimeUnixNano":"1764300000000000000","endTimeUnixNano":"1764300003200000000","attributes":[{"key":"glm.tokens","value":{"intValue":"1281"}}],"status":{"code":1}}]}]}]}"#

    private func span(_ name: String = "text.decode", kind: SpanKind = .internal, _ attributes: SpanAttributes = ["glm.tokens": 1281]) -> SpanRecord {
        SpanRecord(
            context: Self.context, parent: Self.parent, name: name, kind: kind, start: 1_764_300_000_000_000_000, end: 1_764_300_003_200_000_000,
            attributes: attributes)
    }

    private func object(_ json: String) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
        return try #require(value as? [String: Any])
    }

    private func first(_ spans: [SpanRecord]) throws -> [String: Any] {
        let resources = try #require(try object(SpanDocument.json(spans, resource: []))["resourceSpans"] as? [[String: Any]])
        let scopes = try #require(resources.first?["scopeSpans"] as? [[String: Any]])
        return try #require((scopes.first?["spans"] as? [[String: Any]])?.first)
    }

    @Test("a span is OTLP in JSON, to the letter")
    func letter() { #expect(SpanDocument.json([span()], resource: [("service.name", "glm-gateway")]) == Self.example) }

    @Test("kinds and statuses are numbers", arguments: [(SpanKind.internal, 1), (.server, 2), (.client, 3), (.producer, 4), (.consumer, 5)])
    func kinds(kind: SpanKind, number: Int) throws {
        var failed = span(kind: kind)
        failed.isError = true
        let told = try first([failed])
        #expect(told["kind"] as? Int == number && (told["status"] as? [String: Any])?["code"] as? Int == 2)
    }

    @Test("attributes have their type, in the order of their names; what is not finite is named")
    func attributes() throws {
        let all: SpanAttributes = [
            "e": .bool(true), "d": .double(0.5), "c": .double(.nan), "b": .string("x"), "a": .int64(.max), "f": .stringArray(["y"]),
            "g": .double(-.infinity),
        ]
        let told = try first([span("s", kind: .internal, all)])
        let attributes = try #require(told["attributes"] as? [[String: Any]])
        #expect(attributes.compactMap { $0["key"] as? String } == ["a", "b", "c", "d", "e", "f", "g"])
        let values = attributes.compactMap { $0["value"] as? [String: Any] }
        #expect(values[0]["intValue"] as? String == "9223372036854775807" && values[1]["stringValue"] as? String == "x")
        #expect(values[2]["doubleValue"] as? String == "NaN" && values[3]["doubleValue"] as? Double == 0.5)
        #expect(values[4]["boolValue"] as? Bool == true && values[6]["doubleValue"] as? String == "-Infinity")
        #expect(((values[5]["arrayValue"] as? [String: Any])?["values"] as? [[String: Any]])?.first?["stringValue"] as? String == "y")
    }

    @Test("the first span of a trace has no parent; state and links are told where there are any")
    func links() throws {
        var first = span()
        first.parent = nil
        first.context.state = "a=1,b=2"
        first.links = [Self.context]
        let told = try self.first([first])
        #expect(told["parentSpanId"] == nil && told["traceState"] as? String == "a=1,b=2")
        #expect((told["links"] as? [[String: Any]])?.first?["spanId"] as? String == "eee19b7ec3c1b174")
    }

    @Test("whatever a name or a text holds, it is one string, and no longer than a kibibyte")
    func hostile() throws {
        let text = "\"},\\\n\u{0}\u{1B}\u{9F}\u{2028}圆🍎"
        let told = try first([span(text, kind: .internal, ["k\"": .string(String(repeating: "é", count: 2000))])])
        #expect(told["name"] as? String == text)
        let attribute = try #require((told["attributes"] as? [[String: Any]])?.first)
        #expect(attribute["key"] as? String == "k\"")
        #expect(((attribute["value"] as? [String: Any])?["stringValue"] as? String)?.utf8.count == 1024)
    }
}
