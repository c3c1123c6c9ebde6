import Domain
import Foundation
import Terminal
import Wire

/// A fleet as tables.
extension StatusReport {
    var text: String {
        let further = problems.map { "NOT READY: \($0)" }.filter { $0 != headline }
        var parts = [([headline] + further).map(\.printable).joined(separator: "\n")]
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
            let health = (row.health.isEmpty ? "-" : row.health) + row.slowedBy.map { ", slowed: \($0)" }.joined()
            guard row.memoryTotal > 0 else { return [row.name, row.chip, "-", "-", health] + told }
            return [row.name, row.chip, Self.size(row.memoryFree), Self.size(row.memoryTotal), health] + told
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
