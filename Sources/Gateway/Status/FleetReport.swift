import Domain
import Placement
public import Telemetry
public import Wire

/// What the gateway tells of itself and its fleet.
public struct FleetReport: Sendable {
    private let fleet: Fleet
    private let supervisor: Supervisor
    private let imageService: ImageService
    private let jobs: JobRunner?
    private let readiness: Readiness
    private let cards: CardReader
    private let began = ContinuousClock.now

    init(fleet: Fleet, supervisor: Supervisor, imageService: ImageService, jobs: JobRunner?, readiness: Readiness, cards: CardReader = CardReader()) {
        self.fleet = fleet
        self.supervisor = supervisor
        self.imageService = imageService
        self.jobs = jobs
        self.readiness = readiness
        self.cards = cards
    }

    public func status(_ gateway: StageDescription) async -> FleetStatus {
        let restarts = await supervisor.restarts
        let stages = await fleet.status().map { stage in
            var stage = stage
            if let description = stage.description, let count = restarts["\(description.kind)-\(description.instance)"] {
                stage.supervised = true
                stage.restarts = count
            }
            return stage
        }
        return FleetStatus(
            gateway: gateway, stages: stages, queues: await fleet.queues(), cards: await cardStatus(), jobs: try? await jobs?.counts(),
            images: await imageService.images, retries: await fleet.retries, refused: await imageService.refused,
            uptimeSeconds: began.duration(to: .now).inSeconds, problems: await readiness.problems)
    }

    /// The same for machines.
    public func samples(_ gateway: StageDescription) async -> [Sample] {
        let status = await status(gateway)
        let cache = await imageService.encoderCache
        return FleetSamples.of(status) + [
            Sample("glm_gateway_encoder_cache_hits_total", "Source images whose codes were known.", .counter, Double(cache.hits)),
            Sample("glm_gateway_encoder_cache_misses_total", "Source images that went to vision.", .counter, Double(cache.misses)),
            Sample("glm_gateway_requests", "Requests in the gateway.", .gauge, Double(await imageService.waiting)),
        ]
    }

    private func cardStatus() async -> [CardStatus] {
        let specs = await supervisor.specs
        let byDevice = specs.reduce(into: [DeviceID: [String]]()) { cards, spec in
            for device in spec.devices { cards[device, default: []].append(spec.name) }
        }
        return await cards.cards().filter { $0.isHost || byDevice[$0.device] != nil }.map { card in
            CardStatus(
                name: card.device.description, chip: card.chip, memoryTotal: card.memory, memoryFree: card.free ?? 0,
                health: card.health == .unknown ? "" : card.health.rawValue, temperature: card.temperature.map(Double.init), power: card.power,
                stages: byDevice[card.device] ?? [])
        }
    }
}
