import Domain
import Gateway
import Telemetry
import Testing
import Wire

/// A fleet as numbers.
@Suite struct FleetSamplesTests {
    /// Text stages elsewhere that call themselves alike.
    private func status(_ count: Int) -> FleetStatus {
        var registry = Registry(place: "there")
        let addresses = (0..<count).map { Address.tcp(host: "10.0.\($0 / 250).\($0 % 250)", port: 1) }
        Stages.add(addresses.map { ($0, .address($0), Stages.description("text")) }, to: &registry)
        let stages = registry.listing.map { replica in
            var description = replica.description
            description?.instance = replica.ownInstance
            description?.running = 2
            return StageStatus(address: "\(replica.address)", health: .serving, description: description)
        }
        return FleetStatus(gateway: StageDescription(), stages: stages, queues: [QueueStatus(kind: "text", waiting: 3)])
    }

    @Test("kinds are labels, stages that call themselves alike have series of their own, and no label is one of Prometheus's")
    func labels() {
        let samples = FleetSamples.of(status(2))
        for sample in samples {
            #expect(StageKind.allCases.allSatisfy { !sample.name.contains($0.rawValue) }, "\(sample.name)")
            #expect(sample.labels.allSatisfy { !["instance", "job"].contains($0.0) })
        }
        let text = MetricsRegistry().text(samples)
        for stage in ["text-0@10.0.0.0:1", "text-0@10.0.0.1:1"] {
            #expect(text.contains("glm_stage_up{device=\"cpu\",kind=\"text\",stage=\"\(stage)\"} 1\n"))
        }
        #expect(text.contains("glm_gateway_waiting_requests{kind=\"text\"} 3\n") && !text.contains("glm_telemetry"))
    }

    @Test("of a thousand stages the sum by kind is told, and the limit that is the reason")
    func thousand() {
        let text = MetricsRegistry().text(FleetSamples.of(status(1000)))
        #expect(text.contains("glm_stage_up{kind=\"text\"} 1000\n") && text.contains("glm_stage_running_requests{kind=\"text\"} 2000\n"))
        #expect(text.contains("glm_telemetry_merged_series_limit{metric=\"glm_stage_up\"} 200\n") && !text.contains("refused_total"))
    }

    @Test("requests that are turned away are counted by reason")
    func refusals() {
        var refusals = DoorRefusals()
        refusals.count(.full)
        refusals.count(CallError(.unavailable, "no text stage is running"))
        refusals.count(CallError(.invalidArgument, "steps is 0"))
        refusals.count(CancellationError())
        #expect(refusals.samples.map(\.value) == [1, 0, 0, 1, 1] && refusals.total == 3)
        #expect(refusals.samples.flatMap(\.labels).map(\.1) == ["full", "share", "deadline", "stage", "request"])
    }
}
