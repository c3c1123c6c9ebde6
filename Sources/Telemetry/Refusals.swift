import Synchronization

/// What was refused, by metric and reason.
final class Refusals: Sendable {
    enum Reason: String, Sendable { case series, names, kind, labels, value }

    private struct Key: Hashable {
        let name: String
        let reason: Reason
    }

    static let name = "glm_telemetry_refused_total"

    private let counts = Mutex<[Key: Int]>([:])

    func count(_ name: String, _ reason: Reason) {
        counts.withLock { $0[Key(name: name, reason: reason), default: 0] += 1 }
    }

    var family: Family {
        let series = counts.withLock { $0 }.compactMap { key, count in
            Labels([("metric", key.name), ("reason", key.reason.rawValue)]).map { Family.Series(labels: $0, reading: .number(Double(count))) }
        }
        return Family(name: Self.name, help: "Values and series that could not be counted.", kind: .counter, series: series)
    }
}
