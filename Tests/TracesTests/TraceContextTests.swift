import Testing
import Traces

/// The cases are those of W3C's own test suite: https://github.com/w3c/trace-context/blob/main/test/test.py.
@Suite struct TraceContextTests {
    private static let trace = "12345678901234567890123456789012", span = "1234567890123456"

    @Test(
        "a traceparent is read as W3C has it; of versions to come the first four fields",
        arguments: [
            ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-00", false), ("00-\(trace)-\(span)-ff", true), ("00-\(trace)-\(span)-fe", false),
            (" \t00-\(trace)-\(span)-01 \t", true), ("cc-\(trace)-\(span)-01", true), ("cc-\(trace)-\(span)-01-what-the-future-will-be-like", true),
            ("fe-\(trace)-\(span)-00-", false),
        ])
    func accepted(header: String, isSampled: Bool) throws {
        let context = try #require(TraceContext(traceparent: header))
        #expect("\(context.traceID)" == Self.trace && "\(context.spanID)" == Self.span && context.isSampled == isSampled)
        #expect(context.traceparent == "00-\(Self.trace)-\(Self.span)-\(isSampled ? "01" : "00")")
    }

    @Test(
        "a malformed traceparent is none",
        arguments: [
            "", "00", "00-", String(repeating: "-", count: 55), "ff-\(trace)-\(span)-01", "00-\(trace)-\(span)-01-",
            "00-\(trace)-\(span)-01-what-the-future",
            "00-\(trace)-\(span)-01.", "cc-\(trace)-\(span)-01.what-the-future", ".0-\(trace)-\(span)-01", "0.-\(trace)-\(span)-01",
            "000-\(trace)-\(span)-01",
            "0-\(trace)-\(span)-01", "00-00000000000000000000000000000000-\(span)-01", "00-.2345678901234567890123456789012-\(span)-01",
            "00-1234567890123456789012345678901.-\(span)-01", "00-\(trace)3-\(span)-01", "00-\(trace.dropLast())-\(span)-01",
            "00-ABCDEF78901234567890123456789012-\(span)-01", "00-\(trace)-0000000000000000-01", "00-\(trace)-.234567890123456-01",
            "00-\(trace)-123456789012345.-01", "00-\(trace)-\(span)7-01", "00-\(trace)-\(span.dropLast())-01", "00-\(trace)-\(span)-.0",
            "00-\(trace)-\(span)-0.", "00-\(trace)-\(span)-001", "00-\(trace)-\(span)-1", "00_\(trace)-\(span)-01", "00-\(trace)-\(span)_01",
            "00-\(trace)-\(span)-01,00-\(trace)-\(span)-01", "00-\(trace)-\(span)-0A",
        ])
    func refused(header: String) { #expect(TraceContext(traceparent: header) == nil) }

    private func state(_ tracestate: String) throws -> String {
        try #require(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-01", tracestate: tracestate)).state
    }

    @Test(
        "a tracestate is passed on pair by pair",
        arguments: [
            ("foo=1", "foo=1"), ("foo=1,bar=2", "foo=1,bar=2"), ("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"),
            (",foo=1,,bar=2,", "foo=1,bar=2"),
            ("a@vendor=1", "a@vendor=1"), ("0tenant=x y", "0tenant=x y"),
            ("z=\(String(repeating: "v", count: 256))", "z=\(String(repeating: "v", count: 256))"),
            ((0..<32).map { "k\($0)=1" }.joined(separator: ","), (0..<32).map { "k\($0)=1" }.joined(separator: ",")),
        ])
    func passedOn(given: String, told: String) throws { #expect(try state(given) == told) }

    @Test(
        "of a malformed tracestate nothing is passed on, and the trace goes on",
        arguments: [
            "foo", "foo=", "=1", "foo=1,foo=2", "Foo=1", "foo@=1,bar=1=2", "foo bar=1", "foo=\u{1}", "foo=é", "foo =1",
            "z=\(String(repeating: "v", count: 257))", "\(String(repeating: "z", count: 257))=1", (0..<33).map { "k\($0)=1" }.joined(separator: ","),
            (0..<9).map { "k\($0)=\(String(repeating: "v", count: 60))" }.joined(separator: ","), String(repeating: ",", count: 2000),
        ])
    func dropped(given: String) throws { #expect(try state(given) == "") }

    @Test("names that are made up are whole, and no two are the same")
    func random() {
        let traces = (0..<100).map { _ in "\(TraceID.random())" }, spans = (0..<100).map { _ in "\(SpanID.random())" }
        #expect(Set(traces).count == 100 && traces.allSatisfy { $0.count == 32 })
        #expect(Set(spans).count == 100 && spans.allSatisfy { $0.count == 16 })
        #expect(TraceID(high: 0, low: 0) == nil && SpanID(0) == nil)
    }
}
