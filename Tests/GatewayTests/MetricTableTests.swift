import Domain
import Gateway
import Telemetry
import TestSupport
import Testing
import Wire

/// What operators are told of metrics, against what there is.
@Suite struct MetricTableTests {
    /// Those that are not read from a status alone: that they are told is tested with whole fleets.
    private static let ofFleets: Set = [
        "glm_build_info", "glm_gateway_requests", "glm_gateway_encoder_cache_hits_total", "glm_gateway_encoder_cache_misses_total",
        "glm_stage_joules_total", "glm_card_idle_joules_total", "glm_telemetry_refused_total", "glm_telemetry_merged_series_limit",
    ]

    @Test("the table of metrics, by which alerts and dashboard are written, has those that there are")
    func table() throws {
        let stages = StageKind.allCases.map { kind in
            var description = Stages.description("\(kind)")
            description.pipeline = PipelineID.answer.rawValue
            return StageStatus(address: "here", health: .serving, description: description)
        }
        let card = CardStatus(
            name: "npu:0", chip: "910B3", memoryTotal: 2, memoryFree: 1, health: "ok", temperature: 40, power: 300, stages: [], slowedBy: ["power"])
        let status = FleetStatus(
            gateway: StageDescription(), stages: stages, queues: [QueueStatus(kind: "text", waiting: 3)], cards: [card],
            jobs: JobCounts(queued: 1, running: 1, ended: 1))
        let samples = FleetSamples.of(status) + DoorRefusals().samples + ProcessSamples.now()
        let told = Set(samples.map(\.name)).union(GatewayMetrics.descriptions.map(\.name)).union(Self.ofFleets)
        #expect(try MetricTable.names().symmetricDifference(told) == [])
    }
}
