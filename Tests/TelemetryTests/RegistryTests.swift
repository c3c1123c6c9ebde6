import Metrics
import Telemetry
import Testing

@Suite("What is counted, and what is refused")
struct RegistryTests {
    private static let refused = "glm_telemetry_refused_total"

    @Test("totals are exact when many count at the same time, by handles made anew and kept")
    func concurrency() async throws {
        let registry = MetricsRegistry()
        let kept = Counter(label: "glm_kept", factory: registry)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for i in 0..<2000 {
                        kept.increment()
                        Counter(label: "glm_anew", dimensions: [("parity", i % 2 == 0 ? "even" : "odd")], factory: registry).increment(by: 2)
                        FloatingPointCounter(label: "glm_parts", factory: registry).increment(by: 0.5)
                        Recorder(label: "glm_x_seconds", dimensions: [("worker", "\(worker % 2)")], aggregate: true, factory: registry).record(
                            Double(i % 4))
                        if i % 500 == 0 { _ = registry.text() }
                    }
                }
            }
        }
        let text = try ExpositionParser(registry.text())
        #expect(text.value("glm_kept_total") == 16000)
        #expect(text.value("glm_anew_total", ["parity": "even"]) == 16000)
        #expect(text.value("glm_anew_total", ["parity": "odd"]) == 16000)
        #expect(text.value("glm_parts_total") == 8000)
        for worker in ["0", "1"] {
            #expect(text.value("glm_x_seconds_count", ["worker": worker]) == 8000)
            #expect(text.value("glm_x_seconds_sum", ["worker": worker]) == 12000)
            #expect(text.value("glm_x_seconds_bucket", ["worker": worker, "le": "1"]) == 4000)
        }
    }

    @Test("every text taken while others count is valid, and no counter falls")
    func whileCounting() async throws {
        let registry = MetricsRegistry()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for i in 0..<3000 {
                        Counter(label: "glm_n", factory: registry).increment()
                        Timer(label: "glm_t_seconds", factory: registry).recordMilliseconds(i)
                    }
                }
            }
            group.addTask {
                var last = 0.0
                while last < 12000 {
                    let now = try ExpositionParser(registry.text()).value("glm_n_total") ?? 0
                    #expect(now >= last)
                    last = now
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("series over the limit are refused and counted, those before go on")
    func series() throws {
        var limits = MetricLimits()
        limits.series = 3
        let registry = MetricsRegistry(limits: limits)
        for i in 0..<10 { Counter(label: "glm_n", dimensions: [("id", "\(i)")], factory: registry).increment() }
        Counter(label: "glm_n", dimensions: [("id", "0")], factory: registry).increment()
        let text = try ExpositionParser(registry.text((0..<5).map { Sample("glm_s", "", labels: [("id", "\($0)")], 1) }))
        #expect(text.metrics["glm_n_total"]?.samples.count == 3)
        #expect(text.value("glm_n_total", ["id": "0"]) == 2)
        #expect(text.metrics["glm_s"]?.samples.count == 3)
        #expect(text.value(Self.refused, ["metric": "glm_n_total", "reason": "series"]) == 7)
        #expect(text.value(Self.refused, ["metric": "glm_s", "reason": "series"]) == 2)
    }

    @Test("names over the limit are refused and counted together")
    func names() throws {
        var limits = MetricLimits()
        limits.names = 2
        let registry = MetricsRegistry(limits: limits)
        for i in 0..<5 { Meter(label: "glm_\(i)", factory: registry).set(1) }
        let text = try ExpositionParser(registry.text())
        #expect(text.names == ["glm_0", "glm_1", "glm_telemetry_refused_total"])
        #expect(text.value(Self.refused, ["metric": "", "reason": "names"]) == 3)
    }

    @Test("a name that another kind has is refused, also where a histogram would write it")
    func kind() throws {
        let registry = MetricsRegistry()
        Meter(label: "glm_x_total", factory: registry).set(1)
        Counter(label: "glm_x", factory: registry).increment()
        Timer(label: "glm_t", factory: registry).recordSeconds(1)
        Meter(label: "glm_t_count", factory: registry).set(1)
        Meter(label: "glm_u_sum", factory: registry).set(1)
        Timer(label: "glm_u", factory: registry).recordSeconds(1)
        let text = try ExpositionParser(
            registry.text([Sample("glm_t", "", .gauge, 1), Sample("glm_s_total", "", .gauge, 1), Sample("glm_s", "", .counter, 1)]))
        #expect(text.names == ["glm_s_total", "glm_t", "glm_telemetry_refused_total", "glm_u_sum", "glm_x_total"])
        for name in ["glm_x_total", "glm_t_count", "glm_u", "glm_t", "glm_s_total"] {
            #expect(text.value(Self.refused, ["metric": name, "reason": "kind"]) == 1, "\(name)")
        }
    }

    @Test("labels that are reserved or the same are refused")
    func labels() throws {
        let registry = MetricsRegistry()
        Timer(label: "glm_t", dimensions: [("le", "1")], factory: registry).recordSeconds(1)
        Meter(label: "glm_m", dimensions: [("a.b", "1"), ("a_b", "2")], factory: registry).set(1)
        Meter(label: "glm_m", dimensions: [("__name__", "x")], factory: registry).set(1)
        let text = try ExpositionParser(registry.text([Sample("glm_s", "", labels: [("a", "1")], 1), Sample("glm_s", "", labels: [("a", "1")], 2)]))
        #expect(text.value("glm_s", ["a": "1"]) == 1)
        #expect(text.value(Self.refused, ["metric": "glm_t", "reason": "labels"]) == 1)
        #expect(text.value(Self.refused, ["metric": "glm_m", "reason": "labels"]) == 2)
        #expect(text.value(Self.refused, ["metric": "glm_s", "reason": "labels"]) == 1)
    }

    @Test("a counter that falls and an observation that is no number are refused")
    func values() throws {
        let registry = MetricsRegistry()
        let counter = Counter(label: "glm_n", factory: registry)
        counter.increment(by: 2)
        counter.increment(by: -1)
        Recorder(label: "glm_r", aggregate: true, factory: registry).record(Double.nan)
        let text = try ExpositionParser(registry.text())
        #expect(text.value("glm_n_total") == 2)
        #expect(text.value("glm_r_count") == 0)
        #expect(text.value(Self.refused, ["metric": "glm_n_total", "reason": "value"]) == 1)
        #expect(text.value(Self.refused, ["metric": "glm_r", "reason": "value"]) == 1)
    }

    @Test("labels in another order are the same series; a destroyed series is told no more; a reset counter begins anew")
    func handles() throws {
        let registry = MetricsRegistry()
        Counter(label: "glm_n", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "glm_n", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        let other = Counter(label: "glm_n", dimensions: [("a", "9")], factory: registry)
        other.increment(by: 5)
        other.reset()
        other.increment()
        let gone = Meter(label: "glm_m", factory: registry)
        gone.set(1)
        gone.destroy()
        let text = try ExpositionParser(registry.text())
        #expect(text.names == ["glm_n_total"])
        #expect(text.value("glm_n_total", ["a": "1", "b": "2"]) == 2)
        #expect(text.value("glm_n_total", ["a": "9"]) == 1)
    }

    @Test(
        "an observation lies in the bucket whose bound it equals",
        arguments: [(0.005, "0.005"), (1.0, "1"), (600.0, "600"), (600.1, "+Inf"), (-1.0, "0.005")])
    func bounds(value: Double, bucket: String) throws {
        let registry = MetricsRegistry()
        Recorder(label: "glm_x", aggregate: true, factory: registry).record(value)
        let samples = try #require(try ExpositionParser(registry.text()).metrics["glm_x"]?.samples)
        let first = samples.filter { $0.key.name == "glm_x_bucket" && $0.value == 1 }.compactMap { $0.key.labels["le"] }
            .min { (Double($0) ?? .infinity) < (Double($1) ?? .infinity) }
        #expect(first == bucket)
    }
}
