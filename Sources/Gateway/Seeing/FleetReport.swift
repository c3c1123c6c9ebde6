public import Wire

/// What the gateway tells of itself and its fleet.
public struct FleetReport: Sendable {
    private let fleet: Fleet
    private let supervisor: Supervisor
    private let pictures: Pictures
    private let began = ContinuousClock.now

    public init(fleet: Fleet, supervisor: Supervisor, pictures: Pictures) {
        self.fleet = fleet
        self.supervisor = supervisor
        self.pictures = pictures
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
            gateway: gateway, stages: stages, queues: await fleet.queues(), images: await pictures.images, retries: await fleet.retries,
            refused: await pictures.refused, uptimeSeconds: began.duration(to: .now).inSeconds)
    }
}
