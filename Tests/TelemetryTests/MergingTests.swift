import Metrics
import Telemetry
import Testing

@Suite("Series that are told together")
struct MergingTests {
    private static let limit = "glm_telemetry_merged_series_limit"

    private static func registry() -> MetricsRegistry {
        var limits = MetricLimits()
        limits.series = 4
        return MetricsRegistry(
            [MetricDescription("glm_s", "", merged: ["stage"]), MetricDescription("glm_n_total", "", merged: ["stage"])], limits: limits)
    }

    private func samples(_ count: Int) -> [Sample] {
        (0..<count).map {
            Sample(
                "glm_up", "", labels: [("kind", $0 % 2 == 0 ? "a" : "b"), ("stage", "\($0)"), ("device", "\($0)")], merged: ["stage", "device"], 1)
        }
    }

    @Test("as many samples as the limit are told one by one, more as sums of those that differ in the merged labels alone")
    func sampled() throws {
        let registry = Self.registry()
        let few = try ExpositionParser(registry.text(samples(4)))
        #expect(few.value("glm_up", ["kind": "a", "stage": "0", "device": "0"]) == 1 && few.names == ["glm_up"])
        let many = try ExpositionParser(registry.text(samples(7)))
        #expect(many.value("glm_up", ["kind": "a"]) == 4 && many.value("glm_up", ["kind": "b"]) == 3)
        #expect(many.metrics["glm_up"]?.samples.count == 2 && many.value(Self.limit, ["metric": "glm_up"]) == 4)
        #expect(many.names == [Self.limit, "glm_up"])
    }

    @Test("what is counted beyond the limit is counted together, that before it goes on, and nothing is lost")
    func counted() throws {
        let registry = Self.registry()
        for _ in 0..<2 {
            for stage in 0..<10 {
                Recorder(label: "glm_s", dimensions: [("kind", "a"), ("stage", "\(stage)")], aggregate: true, factory: registry).record(1)
                Counter(label: "glm_n", dimensions: [("kind", "a"), ("stage", "\(stage)")], factory: registry).increment()
            }
        }
        let text = try ExpositionParser(registry.text())
        #expect(text.value("glm_s_count", ["kind": "a", "stage": "3"]) == 2 && text.value("glm_s_count", ["kind": "a"]) == 12)
        #expect(text.value("glm_n_total", ["kind": "a", "stage": "3"]) == 2 && text.value("glm_n_total", ["kind": "a"]) == 12)
        #expect(text.value(Self.limit, ["metric": "glm_s"]) == 4 && text.value(Self.limit, ["metric": "glm_n_total"]) == 4)
        #expect(!text.names.contains("glm_telemetry_refused_total"))
    }

    @Test("labels that are not merged are bounded all the same, and what is refused is counted")
    func bounded() throws {
        let registry = Self.registry()
        for phase in 0..<20 { Counter(label: "glm_n", dimensions: [("phase", "\(phase)"), ("stage", "0")], factory: registry).increment() }
        let text = try ExpositionParser(registry.text())
        #expect(text.metrics["glm_n_total"]?.samples.count == 8)
        #expect(text.value("glm_telemetry_refused_total", ["metric": "glm_n_total", "reason": "series"]) == 12)
    }
}
