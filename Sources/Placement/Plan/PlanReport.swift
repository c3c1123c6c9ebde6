import Checkpoint
import Domain
import Foundation
import ModelConfiguration

extension Plan {
    /// For people: card by card, then what was decided and why.
    public var report: String {
        var lines: [String] = []
        for planned in cards { lines += self.lines(planned) + [""] }
        if !shortages.isEmpty { lines += ["does not fit:"] + shortages.map { "  \($0)" } + [""] }
        for model in models { lines += self.lines(model) }
        if models.count > 1 { lines.append("a model's rate is predicted for its stages having their cards for themselves") }
        lines += notes
        lines.append("planned for \(requests.joined(separator: "; ")); ~ marks estimates")
        lines.append("requests in flight get up to \(drainDeadline.components.seconds) s when the gateway ends")
        if !remote.isEmpty { lines.append("stages elsewhere: \(remote.joined(separator: ", "))") }
        return lines.joined(separator: "\n")
    }

    /// The largest requests of these models.
    private var requests: [String] {
        let pipelines = Set(throughput.map(\.pipeline))
        return (pipelines.contains(.image) ? ["images of \(limits.pixels) pixels", "source images of an edit: \(limits.sources)"] : [])
            + (pipelines.contains(.answer) ? ["\(limits.context) tokens of a conversation in each sequence of a batch"] : [])
    }

    /// One JSON object.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private func lines(_ planned: PlannedCard) -> [String] {
        let card = planned.card
        var head = "\(card.device)  \(card.chip)  \(ByteCount(card.memory)), \(ByteCount(card.available)) available"
        if card.free == nil { head += " after the driver's ~\(ByteCount(card.memory - card.available))" }
        if card.health != .unknown { head += ", health \(card.health.rawValue)" }
        if let temperature = card.temperature { head += ", \(temperature) C" }
        if let power = card.power { head += ", \(power) W" }
        var lines = [head]
        for stage in planned.stages {
            let others = stage.devices.count > 1 ? " with \(Array(stage.devices.dropFirst()).list)" : ""
            // A group may have another checkpoint than its model's other stages.
            let folder = models.contains { $0.name == stage.model && $0.folder != stage.folder } ? " from \(stage.folder)" : ""
            lines.append(
                "  \(Self.column(stage.name, 22))\(Self.column("\(ByteCount(stage.bytes))", 12))\(stage.model)\(folder)\(others), \(stage.precision)")
            lines += stage.items().map(Self.line)
        }
        for guest in planned.guests {
            lines.append("  \(Self.column(guest.stage, 22))\(Self.column("\(ByteCount(guest.bytes))", 12))\(part(of: guest, card.device))")
            lines += guest.memory.map(Self.line)
        }
        if planned.stages.isEmpty, planned.guests.isEmpty {
            lines.append("  nothing")
        } else {
            lines.append("  \(Self.column(planned.left < 0 ? "lacking" : "left", 22))\(ByteCount(abs(planned.left)))")
        }
        return lines
    }

    /// What a stage computes on one of its further devices.
    private func part(of guest: PlannedCard.Guest, _ device: DeviceID) -> String {
        let branch = "the unconditional branch of its guidance"
        guard let stage = stages.first(where: { $0.name == guest.stage }), let ranks = stage.ranks, ranks > 1 else { return branch }
        let isOfMainSide = stage.devices.prefix(ranks).contains(device)
        return isOfMainSide ? "a part of each of its passes" : "a part of \(branch)"
    }

    private static func line(_ item: MemoryItem) -> String {
        "    \(column(item.item.rawValue, 20))\(column("\(item.isEstimate ? "~" : "")\(ByteCount(item.bytes))", 12))\(item.reason)"
    }

    private func lines(_ model: Topology.Model) -> [String] {
        guard let throughput = throughput.first(where: { $0.model == model.name }) else { return [] }
        let pipeline = throughput.pipeline
        var lines = ["model \(model.name): \(model.folder)"]
        lines += forecasts.filter { $0.model == model.name }.map { forecast in
            "  \(forecast.kind): \(forecast.replicas) × ~\(Planner.interval(1 / forecast.seconds)) \(pipeline.result): one every ~\(Planner.interval(forecast.requestsPerSecond))"
        }
        if let bottleneck = bottleneck(of: model.name) {
            lines.append(
                "  \(bottleneck.kind) is the bottleneck: \(pipeline.reference) every ~\(Planner.interval(throughput.requestsPerSecond)) predicted")
        }
        return lines
    }

    private static func column(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count + 2), withPad: " ", startingAt: 0)
    }
}
