import Domain
import Telemetry
import Wire

/// A fleet's state as numbers, read when somebody asks.
enum FleetSamples {
    static func of(_ status: FleetStatus) -> [Sample] {
        status.queues.flatMap(queue) + status.stages.flatMap(stage) + status.cards.flatMap(card) + jobs(status.jobs) + [
            Sample("glm_gateway_ready", "0 while /health/ready gives a reason, or jobs are paused.", .gauge, status.problems.isEmpty ? 1 : 0),
            Sample("glm_gateway_uptime_seconds", "Since the gateway began.", .gauge, status.uptimeSeconds),
            Sample("glm_gateway_refused_total", "Requests turned away at the door.", .counter, Double(status.refused)),
            Sample("glm_gateway_stage_retries_total", "Stage calls that were made again.", .counter, Double(status.retries)),
        ]
    }

    private static func queue(_ queue: QueueStatus) -> [Sample] {
        let name = "glm_\(queue.kind)"
        return [
            Sample("\(name)_waiting_requests", "Requests that wait for a slot of this kind of stage.", .gauge, Double(queue.waiting)),
            Sample("\(name)_running_requests", "Requests in slots of this kind of stage.", .gauge, Double(queue.running)),
            Sample("\(name)_slots", "Slots of the stages that serve.", .gauge, Double(queue.slots)),
            Sample("\(name)_requests_total", "Requests that this kind of stage has answered.", .counter, Double(queue.done)),
            Sample("\(name)_request_mean_seconds", "One request in a slot, a moving mean.", .gauge, queue.seconds),
        ]
    }

    private static func stage(_ stage: StageStatus) -> [Sample] {
        // Names of metrics are ours: what a process at some address calls itself is none.
        guard let description = stage.description, let kind = StageKind(rawValue: description.kind) else { return [] }
        let name = "glm_\(kind)_stage"
        let labels = [("instance", description.instance), ("device", description.device)]
        let answers = [
            Sample(
                "\(name)_cached_tokens_total", "Tokens of prompts that were not computed again.", .counter, labels: labels,
                Double(description.cachedTokens)),
            Sample("\(name)_preempted_total", "Requests that were paused for others.", .counter, labels: labels, Double(description.preempted)),
        ]
        let decoding = [
            Sample(
                "\(name)_decoder_passes_total", "Passes of a sequence through the decoder that sampled.", .counter, labels: labels,
                Double(description.decoderPasses)),
            Sample(
                "\(name)_decoded_tokens_total", "Tokens that these passes gave, guessed ones included.", .counter, labels: labels,
                Double(description.decodedTokens)),
        ]
        return [
            Sample("\(name)_up", "1 while the stage serves.", labels: labels, stage.health == .serving ? 1 : 0),
            Sample("\(name)_running_requests", "Requests that the stage computes.", labels: labels, Double(description.running)),
            Sample("\(name)_waiting_requests", "Requests that wait in the stage.", labels: labels, Double(description.queued)),
            Sample("\(name)_memory_bytes", "Of the host's memory, file maps included.", labels: labels, Double(description.memoryBytes)),
            Sample("\(name)_restarts_total", "Times that the gateway started it again.", .counter, labels: labels, Double(stage.restarts)),
            Sample("\(name)_cache_hits_total", "Requests that found earlier work done.", .counter, labels: labels, Double(description.cacheHits)),
            Sample("\(name)_cache_misses_total", "Requests that did not.", .counter, labels: labels, Double(description.cacheMisses)),
        ] + (kind == .text ? decoding + (description.pipeline == PipelineID.answer.rawValue ? answers : []) : [])
    }

    private static func card(_ card: CardStatus) -> [Sample] {
        let labels = [("card", card.name)]
        var samples = [
            Sample(
                "glm_card_healthy", "0 while the driver says that something is wrong.", labels: labels,
                card.health == "ok" || card.health.isEmpty ? 1 : 0)
        ]
        if card.memoryTotal > 0 {
            samples.append(Sample("glm_card_memory_total_bytes", "The card's memory.", labels: labels, Double(card.memoryTotal)))
            samples.append(Sample("glm_card_memory_free_bytes", "What is free of it.", labels: labels, Double(card.memoryFree)))
        }
        if let temperature = card.temperature {
            samples.append(Sample("glm_card_temperature_celsius", "As the driver tells.", labels: labels, temperature))
        }
        if let power = card.power { samples.append(Sample("glm_card_power_watts", "As the driver tells.", labels: labels, power)) }
        return samples
            + card.slowedBy.map {
                Sample("glm_card_slowed", "1 while the driver lowers the card's frequency for this cause.", labels: labels + [("cause", $0)], 1)
            }
    }

    private static func jobs(_ jobs: JobCounts?) -> [Sample] {
        guard let jobs else { return [] }
        return [
            Sample("glm_gateway_jobs", "Jobs that are kept, by state.", labels: [("state", "queued")], Double(jobs.queued)),
            Sample("glm_gateway_jobs", "Jobs that are kept, by state.", labels: [("state", "running")], Double(jobs.running)),
            Sample("glm_gateway_jobs", "Jobs that are kept, by state.", labels: [("state", "ended")], Double(jobs.ended)),
        ]
    }
}
