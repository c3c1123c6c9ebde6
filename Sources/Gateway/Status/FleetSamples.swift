import Domain
package import Telemetry
package import Wire

/// A fleet's state as numbers, read when somebody asks.
package enum FleetSamples {
    package static func of(_ status: FleetStatus) -> [Sample] {
        status.queues.flatMap(queue) + status.stages.flatMap(stage) + status.cards.flatMap(card) + jobs(status.jobs) + [
            Sample("glm_gateway_ready", "0 while /health/ready gives a reason, or jobs are paused.", .gauge, status.problems.isEmpty ? 1 : 0),
            Sample("glm_gateway_uptime_seconds", "Since the gateway began.", .gauge, status.uptimeSeconds),
            Sample("glm_gateway_stage_retries_total", "Stage calls that were made again.", .counter, Double(status.retries)),
        ]
    }

    private static func queue(_ queue: QueueStatus) -> [Sample] {
        let labels = [("kind", queue.kind)]
        return [
            Sample("glm_gateway_waiting_requests", "Requests that wait for a slot, by kind of stage.", labels: labels, Double(queue.waiting)),
            Sample("glm_gateway_running_requests", "Requests in slots, by kind of stage.", labels: labels, Double(queue.running)),
            Sample("glm_gateway_slots", "Slots of the stages that serve, by kind.", labels: labels, Double(queue.slots)),
            Sample("glm_gateway_stage_requests_total", "Calls that stages have answered, by kind.", .counter, labels: labels, Double(queue.done)),
            Sample("glm_gateway_stage_request_mean_seconds", "One call in a slot, a moving mean, by kind of stage.", labels: labels, queue.seconds),
        ]
    }

    private static func stage(_ stage: StageStatus) -> [Sample] {
        // What a process at some address calls itself is no kind.
        guard let description = stage.description, let kind = StageKind(rawValue: description.kind) else { return [] }
        func sample(_ name: String, _ help: String, _ value: Int, _ type: Sample.Kind = .gauge) -> Sample {
            Sample(
                "glm_stage_\(name)", help, type,
                labels: [("kind", description.kind), ("stage", "\(kind)-\(description.instance)"), ("device", description.device)],
                merged: ["stage", "device"], Double(value))
        }
        let answers = [
            sample("cached_tokens_total", "Tokens of prompts that were not computed again.", description.cachedTokens, .counter),
            sample("preempted_total", "Requests that were paused for others.", description.preempted, .counter),
        ]
        let decoding = [
            sample("decoder_passes_total", "Passes of a sequence through the decoder that sampled.", description.decoderPasses, .counter),
            sample("decoded_tokens_total", "Tokens that these passes gave, guessed ones included.", description.decodedTokens, .counter),
        ]
        return [
            sample("up", "1 while the stage serves.", stage.health == .serving ? 1 : 0),
            sample("running_requests", "Requests that the stage computes.", description.running),
            sample("waiting_requests", "Requests that wait in the stage.", description.queued),
            sample("memory_bytes", "Of the host's memory, file maps included.", description.memoryBytes),
            sample("restarts_total", "Times that the gateway started it again.", stage.restarts, .counter),
            sample("cache_hits_total", "Requests that found earlier work done.", description.cacheHits, .counter),
            sample("cache_misses_total", "Requests that did not.", description.cacheMisses, .counter),
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
