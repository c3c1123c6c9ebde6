import Foundation
import Domain

extension Plan {
    /// For people: card by card, then what was decided and why.
    public var report: String {
        var lines: [String] = []
        for planned in cards { lines += Self.lines(planned) + [""] }
        if !shortages.isEmpty { lines += ["does not fit:"] + shortages.map { "  \($0)" } + [""] }
        lines += forecasts.map(Self.line)
        if let bottleneck {
            lines.append(
                "\(bottleneck.role.rawValue) bounds it: a picture of 1024x1024 with 50 steps every ~\(Planner.interval(picturesPerSecond)) predicted")
        }
        lines += notes
        lines.append("planned for pictures of \(limits.pixels) pixels; source pictures of an edit: \(limits.sources); ~ marks estimates")
        if !remote.isEmpty { lines.append("stages elsewhere: \(remote.joined(separator: ", "))") }
        return lines.joined(separator: "\n")
    }

    /// One JSON object.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private static func lines(_ planned: PlannedCard) -> [String] {
        let card = planned.card
        var head = "\(card.name)  \(card.chip)  \(ByteCount(card.memory)), \(ByteCount(card.available)) available"
        if card.free == nil { head += " after the driver's ~\(ByteCount(card.memory - card.available))" }
        if card.health != .unknown { head += ", health \(card.health.rawValue)" }
        if let temperature = card.temperature { head += ", \(temperature) C" }
        if let power = card.power { head += ", \(power) W" }
        var lines = [head]
        for stage in planned.stages {
            lines.append("  \(column(stage.name, 22))\(column("\(ByteCount(stage.bytes))", 12))\(stage.model)")
            lines += stage.needs.map(line)
        }
        for guest in planned.guests {
            lines.append("  \(column(guest.stage, 22))\(column("\(ByteCount(guest.bytes))", 12))a side of its guidance")
            lines += guest.needs.map(line)
        }
        if planned.stages.isEmpty, planned.guests.isEmpty {
            lines.append("  nothing")
        } else {
            lines.append("  \(column(planned.left < 0 ? "lacking" : "left", 22))\(ByteCount(abs(planned.left)))")
        }
        return lines
    }

    private static func line(_ need: Need) -> String {
        "    \(column(need.item.rawValue, 20))\(column("\(need.isEstimate ? "~" : "")\(ByteCount(need.bytes))", 12))\(need.reason)"
    }

    private static func line(_ forecast: Forecast) -> String {
        "\(forecast.role.rawValue): \(forecast.replicas) × ~\(Planner.interval(1 / forecast.seconds)) a picture: one every ~\(Planner.interval(forecast.picturesPerSecond))"
    }

    private static func column(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count + 2), withPad: " ", startingAt: 0)
    }
}
