import OTLP
import Testing
import Traces

@Suite struct SpanBufferTests {
    private func span(_ number: UInt64) throws -> SpanRecord {
        SpanRecord(
            context: TraceContext(traceID: .random(), spanID: try #require(SpanID(number)), isSampled: true), name: "s", start: number)
    }

    @Test("the first span and a full batch are told, and batches come out in order")
    func batches() throws {
        var buffer = SpanBuffer()
        var told: [SpanBuffer.Event?] = []
        for number in 1...UInt64(SpanBuffer.batch + 2) { told.append(try buffer.append(span(number))) }
        #expect(told.first == .first && told[SpanBuffer.batch - 1] == .full && told.count { $0 != nil } == 2)
        #expect(buffer.take().map(\.start) == Array(1...UInt64(SpanBuffer.batch)))
        #expect(buffer.take().map(\.start) == [UInt64(SpanBuffer.batch + 1), UInt64(SpanBuffer.batch + 2)])
        #expect(buffer.take().isEmpty)
        #expect(try buffer.append(span(1)) == .first)
    }

    @Test("a span for which there is no room is dropped; those that wait stay")
    func full() throws {
        var buffer = SpanBuffer(limit: 3)
        for number in 1...3 as ClosedRange<UInt64> { _ = try buffer.append(span(number)) }
        let late = try span(4)
        #expect(throws: SpanBuffer.Full.self) { try buffer.append(late) }
        #expect(buffer.take().map(\.start) == [1, 2, 3])
        #expect(try buffer.append(late) == .first)
    }

    @Test(
        "only what a collector wants again, and says when, is sent again",
        arguments: [
            (200, nil, Delivery.done), (202, nil, .done), (429, "3", .again(after: .seconds(3))), (503, "0", .again(after: .zero)),
            (502, "1", .again(after: .seconds(1))), (504, "65535", .again(after: .seconds(65535))), (503, nil, .lost("status 503")),
            (503, "soon", .lost("status 503")), (503, "-1", .lost("status 503")), (429, "99999999999999999999", .lost("status 429")),
            (400, "1", .lost("status 400")), (500, "1", .lost("status 500")), (301, nil, .lost("status 301")),
        ] as [(Int, String?, Delivery)])
    func deliveries(status: Int, retryAfter: String?, delivery: Delivery) { #expect(Delivery(status: status, retryAfter: retryAfter) == delivery) }
}
