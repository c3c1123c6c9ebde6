/// A fleet as people and their programs read it: `glm status --json` and the HTTP API's `fleet` say the same.
package struct StatusReport: Encodable, Sendable {
    package struct Process: Encodable, Sendable {
        package let stage, state, model, fingerprint, device, numerics: String
        package let running, slots, queued, restarts, process, memoryBytes: Int
        package let address, problem, note: String
    }

    package struct Line: Encodable, Sendable {
        package let kind: String
        package let waiting, running, slots, done: Int
        package let seconds: Double
    }

    package struct Card: Encodable, Sendable {
        package let name, chip, health: String
        package let memoryTotal, memoryFree: Int
        package let temperature, power: Double?
        package let stages: [String]
        /// Why the driver has lowered its frequency.
        package let slowedBy: [String]
    }

    /// In a line, how the gateway is.
    package let headline: String
    /// Why the gateway is not ready; empty: it is.
    package let problems: [String]
    package let processes: [Process]
    package let queues: [Line]
    package let cards: [Card]
    package let images, answers, retries, refused: Int
    package let imagesPerMinute: Double?
    package let uptimeSeconds: Double

    /// - Parameters:
    ///   - address: of the gateway, as the one who asks knows it.
    ///   - before: an earlier status, for the rate.
    package init(_ status: FleetStatus, address: String, before: FleetStatus? = nil) {
        headline = status.gateway.headline(problems: status.problems)
        problems = status.problems
        let gateway = Self.process(StageStatus(address: address, health: .serving, description: status.gateway))
        processes = [gateway] + status.stages.map(Self.process)
        queues = status.queues.map {
            Line(kind: $0.kind, waiting: $0.waiting, running: $0.running, slots: $0.slots, done: $0.done, seconds: $0.seconds)
        }
        cards = status.cards.map {
            Card(
                name: $0.name, chip: $0.chip, health: $0.health, memoryTotal: $0.memoryTotal, memoryFree: $0.memoryFree, temperature: $0.temperature,
                power: $0.power, stages: $0.stages, slowedBy: $0.slowedBy)
        }
        images = status.images
        answers = status.answers
        retries = status.retries
        refused = status.refused
        uptimeSeconds = status.uptimeSeconds
        imagesPerMinute = before.flatMap { before in
            let seconds = status.uptimeSeconds - before.uptimeSeconds
            return seconds > 0 ? Double(status.images - before.images) / seconds * 60 : nil
        }
    }

    private static func process(_ stage: StageStatus) -> Process {
        let description = stage.description
        let state =
            switch (stage.health, description?.state) {
            case (_, .starting): "starting"
            case (_, .draining): "draining"
            case (.serving, _): "serving"
            case (.notServing, _): "not serving"
            case (.unknown, _): "unknown"
            }
        return Process(
            stage: description.map { "\($0.kind)-\($0.instance)" } ?? "?", state: state, model: description?.modelName ?? "",
            fingerprint: description?.modelFingerprint ?? "", device: description?.device ?? "",
            numerics: description.map { $0.device.isEmpty ? "" : "\($0.numerics)" } ?? "", running: description?.running ?? 0,
            slots: description?.slots ?? 0, queued: description?.queued ?? 0, restarts: stage.restarts, process: description?.processID ?? 0,
            memoryBytes: description?.memoryBytes ?? 0, address: stage.address, problem: stage.problem, note: stage.note)
    }
}
