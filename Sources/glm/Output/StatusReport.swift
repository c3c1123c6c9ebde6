import Foundation
import Wire

/// A fleet as a table and as JSON.
struct StatusReport: Encodable {
    private struct Row: Encodable {
        let stage, state, model, fingerprint, device: String
        let running, queued, process: Int
        let address, problem: String
    }

    private let rows: [Row]

    enum CodingKeys: String, CodingKey { case rows = "processes" }

    init(_ status: FleetStatus, _ address: Address) {
        let gateway = Self.row(status.gateway, health: .serving, address: "\(address)", problem: "")
        rows = [gateway] + status.stages.map { Self.row($0.description, health: $0.health, address: $0.address, problem: $0.problem) }
    }

    private static func row(_ description: StageDescription?, health: Health, address: String, problem: String) -> Row {
        let state =
            switch (health, description?.state) {
            case (_, .starting): "starting"
            case (_, .draining): "draining"
            case (.serving, _): "serving"
            case (.notServing, _): "not serving"
            case (.unknown, _): "unknown"
            }
        return Row(
            stage: description.map { "\($0.kind)-\($0.instance)" } ?? "?", state: state, model: description?.modelName ?? "",
            fingerprint: description?.modelFingerprint ?? "", device: description?.device ?? "", running: description?.running ?? 0,
            queued: description?.queued ?? 0, process: description?.processID ?? 0, address: address, problem: problem)
    }

    var table: String {
        let head = ["process", "state", "model", "device", "running", "waiting", "pid", "address"]
        let lines = rows.map { row in
            [
                row.stage, row.state, [row.model, row.fingerprint].filter { !$0.isEmpty }.joined(separator: " "), row.device, "\(row.running)",
                "\(row.queued)", "\(row.process)", row.problem.isEmpty ? row.address : "\(row.address) (\(row.problem))",
            ]
        }
        return TextTable.lines([head] + lines).joined(separator: "\n")
    }

    func encoded() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
