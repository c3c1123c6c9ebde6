import Domain
import Foundation
import Terminal
import Wire

/// A fleet as tables and as JSON.
struct StatusReport: Encodable {
    private struct Process: Encodable {
        let stage, state, model, fingerprint, device, numerics: String
        let running, slots, queued, restarts, process, memoryBytes: Int
        let address, problem, note: String
    }

    private struct Line: Encodable {
        let kind: String
        let waiting, running, slots, done: Int
        let seconds: Double
    }

    private struct Card: Encodable {
        let name, chip, health: String
        let memoryTotal, memoryFree: Int
        let temperature, power: Double?
        let stages: [String]
    }

    /// Why the gateway is not ready; empty: it is.
    private let problems: [String]
    private let processes: [Process]
    private let queues: [Line]
    private let cards: [Card]
    private let images, retries, refused: Int
    private let imagesPerMinute: Double?
    private let uptimeSeconds: Double

    /// - Parameter before: an earlier status, for the rate.
    init(_ status: FleetStatus, _ address: Address, before: FleetStatus? = nil) {
        problems = status.problems
        let gateway = Self.process(StageStatus(address: "\(address)", health: .serving, description: status.gateway))
        processes = [gateway] + status.stages.map(Self.process)
        queues = status.queues.map {
            Line(kind: $0.kind, waiting: $0.waiting, running: $0.running, slots: $0.slots, done: $0.done, seconds: $0.seconds)
        }
        cards = status.cards.map {
            Card(
                name: $0.name, chip: $0.chip, health: $0.health, memoryTotal: $0.memoryTotal, memoryFree: $0.memoryFree, temperature: $0.temperature,
                power: $0.power, stages: $0.stages)
        }
        images = status.images
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

    var text: String {
        var parts = problems.isEmpty ? [] : [problems.map { "NOT READY: \($0.printable)" }.joined(separator: "\n")]
        parts.append(processTable)
        if !queues.isEmpty { parts.append(queueTable) }
        if !cards.isEmpty { parts.append(cardTable) }
        let rate = imagesPerMinute.map { ", \($0.roundedText) a minute now" } ?? ""
        parts.append("\(images) images in \(Self.time(uptimeSeconds))\(rate), \(retries) stage calls made again, \(refused) requests turned away")
        return parts.joined(separator: "\n\n")
    }

    private var processTable: String {
        let head = ["process", "state", "model", "device", "numerics", "running", "restarts", "memory", "pid", "address"]
        let lines = processes.map { row in
            let model = [row.model, row.fingerprint].filter { !$0.isEmpty }.joined(separator: " ")
            let running = row.device.isEmpty ? "\(row.running)" : "\(row.running)/\(row.slots)"
            let remark = row.problem.isEmpty ? row.note : row.problem
            let address = remark.isEmpty ? row.address : "\(row.address) (\(remark))"
            return [
                row.stage, row.state, model, row.device, row.numerics, running, "\(row.restarts)", Self.size(row.memoryBytes), "\(row.process)",
                address,
            ]
        }
        return TextTable.lines([head] + lines).joined(separator: "\n")
    }

    private var queueTable: String {
        let head = ["queue", "waiting", "running", "slots", "each", "done"]
        let lines = queues.map { row in
            [row.kind, "\(row.waiting)", "\(row.running)", "\(row.slots)", row.seconds > 0 ? Self.seconds(row.seconds) : "-", "\(row.done)"]
        }
        return TextTable.lines([head] + lines).joined(separator: "\n")
    }

    private var cardTable: String {
        let head = ["card", "chip", "memory free", "of", "health", "temp", "W", "stages"]
        func told(_ value: Double?) -> String { value.map(\.roundedText) ?? "-" }
        let lines = cards.map { row in
            let told: [String] = [told(row.temperature), told(row.power), row.stages.joined(separator: " ")]
            guard row.memoryTotal > 0 else { return [row.name, row.chip, "-", "-", row.health.isEmpty ? "-" : row.health] + told }
            return [row.name, row.chip, Self.size(row.memoryFree), Self.size(row.memoryTotal), row.health.isEmpty ? "-" : row.health] + told
        }
        return TextTable.lines([head] + lines).joined(separator: "\n")
    }

    private static func size(_ bytes: Int) -> String {
        bytes >= 1 << 30 ? "\((Double(bytes) / Double(1 << 30) * 10).rounded() / 10) GiB" : "\(bytes >> 20) MiB"
    }

    private static func seconds(_ value: Double) -> String { value < 10 ? "\((value * 100).rounded() / 100) s" : "\(value.roundedText) s" }

    private static func time(_ seconds: Double) -> String {
        guard let whole = Int(exactly: seconds.rounded(.down)) else { return "\(seconds) s" }
        return whole >= 3600 ? "\(whole / 3600) h \(whole % 3600 / 60) min" : whole >= 60 ? "\(whole / 60) min \(whole % 60) s" : "\(whole) s"
    }
}
