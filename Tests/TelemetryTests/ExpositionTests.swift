import Metrics
import Telemetry
import Testing

@Suite("The text of what is counted")
struct ExpositionTests {
    let registry = MetricsRegistry([
        MetricDescription("glm_gateway_images_total", "Pictures made."),
        MetricDescription("glm_text_phase_seconds", "Seconds of a phase, wall clock.", buckets: [0.1, 1, 10]),
        MetricDescription("glm_text_queue_length", "Requests that wait."),
    ])

    @Test("the whole text, line by line")
    func whole() throws {
        Counter(label: "glm_gateway_images_total", factory: registry).increment(by: 3)
        Counter(label: "glm_gateway_failures", dimensions: [("status", "cancelled")], factory: registry).increment()
        Counter(label: "glm_gateway_failures", dimensions: [("status", "aborted")], factory: registry).increment(by: 2)
        Meter(label: "glm_text_queue_length", factory: registry).set(7)
        let phase = Recorder(label: "glm_text_phase_seconds", dimensions: [("phase", "draw"), ("instance", "0")], aggregate: true, factory: registry)
        for seconds in [0.05, 0.1, 0.5, 20] { phase.record(seconds) }
        let samples = [Sample("glm_card_memory_bytes", "Free memory of a card.", labels: [("card", "npu:0")], 68_719_476_736)]
        #expect(
            registry.text(samples) == """
                # HELP glm_card_memory_bytes Free memory of a card.
                # TYPE glm_card_memory_bytes gauge
                glm_card_memory_bytes{card="npu:0"} 68719476736
                # TYPE glm_gateway_failures_total counter
                glm_gateway_failures_total{status="aborted"} 2
                glm_gateway_failures_total{status="cancelled"} 1
                # HELP glm_gateway_images_total Pictures made.
                # TYPE glm_gateway_images_total counter
                glm_gateway_images_total 3
                # HELP glm_text_phase_seconds Seconds of a phase, wall clock.
                # TYPE glm_text_phase_seconds histogram
                glm_text_phase_seconds_bucket{instance="0",phase="draw",le="0.1"} 2
                glm_text_phase_seconds_bucket{instance="0",phase="draw",le="1"} 3
                glm_text_phase_seconds_bucket{instance="0",phase="draw",le="10"} 3
                glm_text_phase_seconds_bucket{instance="0",phase="draw",le="+Inf"} 4
                glm_text_phase_seconds_sum{instance="0",phase="draw"} 20.65
                glm_text_phase_seconds_count{instance="0",phase="draw"} 4
                # HELP glm_text_queue_length Requests that wait.
                # TYPE glm_text_queue_length gauge
                glm_text_queue_length 7

                """)
    }

    @Test("nothing counted is an empty text")
    func empty() {
        #expect(MetricsRegistry().text().isEmpty)
    }

    @Test("every kind is read back by a strict parser with its values")
    func kinds() throws {
        Counter(label: "c", factory: registry).increment(by: 5)
        FloatingPointCounter(label: "f_total", factory: registry).increment(by: 0.25)
        let meter = Meter(label: "m", factory: registry)
        meter.set(10.5)
        meter.increment(by: 2)
        meter.decrement(by: 20)
        Recorder(label: "r", aggregate: false, factory: registry).record(4)
        Recorder(label: "r", aggregate: false, factory: registry).record(9)
        Timer(label: "t_seconds", factory: registry).recordMilliseconds(1500)
        let text = try ExpositionParser(registry.text())
        #expect(text.names == ["c_total", "f_total", "m", "r", "t_seconds"])
        #expect(text.value("c_total") == 5)
        #expect(text.value("f_total") == 0.25)
        #expect(text.value("m") == -7.5)
        #expect(text.value("r") == 9)
        #expect(text.value("t_seconds_sum") == 1.5)
        #expect(text.value("t_seconds_bucket", ["le": "1"]) == 0)
        #expect(text.value("t_seconds_bucket", ["le": "2.5"]) == 1)
    }

    @Test(
        "labels and help of any characters come back as they were",
        arguments: [
            "", "plain", "a\"b", "back\\slash", "line\nfeed", "\\n", "\"", "\\\"\n\\", "carriage\r\nreturn", "ünïcödé 画", "{le=\"1\"} 2", "\u{0}\t",
        ])
    func escapes(_ value: String) throws {
        let registry = MetricsRegistry([MetricDescription("glm_x", value)])
        Meter(label: "glm_x", dimensions: [("a", value), ("b", "c")], factory: registry).set(1)
        let text = try ExpositionParser(registry.text([Sample("glm_y", value, labels: [("v", value)], 2)]))
        #expect(text.value("glm_x", ["a": value, "b": "c"]) == 1)
        #expect(text.value("glm_y", ["v": value]) == 2)
        #expect((text.metrics["glm_x"]?.help ?? "") == value)
        #expect((text.metrics["glm_y"]?.help ?? "") == value)
    }

    @Test(
        "numbers come back exactly",
        arguments: [
            0, -0.5, 1, 1.5, 0.1, 1e-300, 1.7976931348623157e308, 9007199254740991, 9007199254740993, 1e15, 1e16, 1e22, 123456789.125, .infinity,
            -.infinity,
        ])
    func numbers(_ value: Double) throws {
        #expect(try ExpositionParser(registry.text([Sample("glm_x", "", .gauge, value)])).value("glm_x") == value)
    }

    @Test("a gauge may be no number")
    func nan() throws {
        #expect(try #require(try ExpositionParser(registry.text([Sample("glm_x", "", .gauge, .nan)])).value("glm_x")).isNaN)
    }

    @Test("the same values give the same text, whatever came first")
    func order() {
        func text(_ names: [String]) -> String {
            let registry = MetricsRegistry()
            for name in names {
                for label in names { Counter(label: name, dimensions: [("x", label), ("a", "1")], factory: registry).increment() }
            }
            return registry.text()
        }
        let names = (0..<20).map { "glm_\($0)_total" }
        #expect(text(names) == text(names.reversed()))
    }

    @Test("names of libraries are brought into the alphabet")
    func names() throws {
        Counter(label: "hb.requests", dimensions: [("http.route", "/x")], factory: registry).increment()
        Meter(label: "9-lives", factory: registry).set(9)
        let text = try ExpositionParser(registry.text())
        #expect(text.value("hb_requests_total", ["http_route": "/x"]) == 1)
        #expect(text.value("_9_lives") == 9)
    }

    @Test(
        "the parser refuses what is no exposition",
        arguments: [
            "a 1\n", "# TYPE a gauge\na 1", "# TYPE a gauge\n", "# TYPE a gauge\na 1\na 2\n", "# TYPE a gauge\nb 1\n", "# TYPE a counter\na 1\n",
            "# TYPE a_total counter\na_total -1\n", "# TYPE a gauge\na{b=\"\\x\"} 1\n", "# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n",
            "# TYPE a gauge\na inf\n",
            "# TYPE a gauge\na 1\n# TYPE a gauge\na{b=\"1\"} 1\n", "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
            "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
            "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n", "# HELP a x\na 1\n", "# TYPE 1a gauge\n1a 1\n",
        ])
    func strict(_ text: String) {
        #expect(throws: ExpositionParser.Failure.self) { try ExpositionParser(text) }
    }
}
