import Domain
import Placement
public import Telemetry
public import Wire

/// What the gateway tells of itself and its fleet.
public struct FleetReport: Sendable {
    private let fleet: Fleet
    private let supervisor: Supervisor
    private let runner: PipelineRunner
    private let imageService: ImageService
    private let answerService: AnswerService
    private let jobs: JobRunner?
    private let readiness: Readiness
    private let cards: CardReader
    private let began = ContinuousClock.now

    init(
        fleet: Fleet, supervisor: Supervisor, runner: PipelineRunner, imageService: ImageService, answerService: AnswerService, jobs: JobRunner?,
        readiness: Readiness, cards: CardReader = CardReader()
    ) {
        self.fleet = fleet
        self.supervisor = supervisor
        self.runner = runner
        self.answerService = answerService
        self.imageService = imageService
        self.jobs = jobs
        self.readiness = readiness
        self.cards = cards
    }

    /// Stages that answer are asked for their counts.
    public func status(_ gateway: StageDescription) async -> FleetStatus {
        await fleet.count()
        var status = await known(gateway, noted: true)
        status.models = await models()
        return status
    }

    /// What is known without asking any stage.
    private func known(_ gateway: StageDescription, noted: Bool) async -> FleetStatus {
        FleetStatus(
            gateway: gateway, stages: await stages(noted: noted), queues: await fleet.queues(), cards: await cardStatus(),
            jobs: try? await jobs?.counts(),
            images: await imageService.images, retries: await fleet.retries, refused: await runner.admissions.refused,
            uptimeSeconds: began.duration(to: .now).inSeconds, problems: await readiness.problems, answers: await answerService.answers)
    }

    /// Those that answer, and those that this gateway keeps and that don't run.
    private func stages(noted: Bool) async -> [StageStatus] {
        let absences = await supervisor.absences
        let addresses = Set(absences.map { "\($0.address)" })
        let absent = absences.map { absence in
            StageStatus(
                address: "\(absence.address)", health: .notServing,
                description: StageDescription(
                    kind: absence.spec.kind.rawValue, instance: absence.spec.instance, device: absence.spec.devices.list,
                    modelName: absence.spec.model, modelFingerprint: absence.spec.fingerprint), problem: absence.reason)
        }
        let known = await fleet.statuses(noted: noted).filter { !addresses.contains($0.address) }
        let restarts = await supervisor.restarts
        return (known + absent).map { stage in
            var stage = stage
            if let count = restarts[stage.name] { (stage.supervised, stage.restarts) = (true, count) }
            return stage
        }.sorted { ($0.order, $0.name) < ($1.order, $1.name) }
    }

    private func models() async -> [ModelInformation] {
        let done = await imageService.imagesByModel.merging(await answerService.answersByModel, uniquingKeysWith: +)
        return await fleet.stages().modelInformation(done: done)
    }

    /// The same for machines, by what is known already: stages tell their counts when they are asked whether they are there.
    public func samples(_ gateway: StageDescription) async -> [Sample] {
        let status = await known(gateway, noted: false)
        let cache = await runner.encoderCache
        let devices = Set(await supervisor.specs.flatMap(\.devices))
        let refusals = await runner.admissions.refusals
        return FleetSamples.of(status) + EnergySamples.of(runner.energy, on: devices) + ProcessSamples.now() + refusals.samples + [
            Sample(
                "glm_build_info", "1; the version of the program, and of the protocol that it speaks with stages.",
                labels: [("version", gateway.build), ("protocol", "\(gateway.protocolVersion)")], 1),
            Sample("glm_gateway_encoder_cache_hits_total", "Images that vision had read before.", .counter, Double(cache.hits)),
            Sample("glm_gateway_encoder_cache_misses_total", "Images that went to vision.", .counter, Double(cache.misses)),
            Sample("glm_gateway_requests", "Requests in the gateway.", .gauge, Double(await runner.admissions.count)),
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
                stages: byDevice[card.device] ?? [], slowedBy: (card.slowedBy ?? []).map(\.rawValue))
        }
    }
}

extension StageStatus {
    fileprivate var name: String { description.map { "\($0.kind)-\($0.instance)" } ?? "" }
    /// Stages in the order of the work, those that have not answered last.
    fileprivate var order: Int {
        description.flatMap { StageKind(rawValue: $0.kind) }.flatMap { StageKind.allCases.firstIndex(of: $0) } ?? StageKind.allCases.count
    }
}
