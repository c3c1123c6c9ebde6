public import Foundation

/// What operators have made of a topology, for the gateway that comes after this one: it stands in the run folder, beside the
/// sockets of the stages that it speaks of.
public struct FleetState: Codable, Sendable, Hashable {
    /// Of the topology that it began with; another topology begins anew.
    public var topology: String
    public var stages: [StageSpec]
    /// Fingerprints of the models that requests are computed by.
    public var pipeline: [StageKind: String]

    public init(topology: String, stages: [StageSpec], pipeline: [StageKind: String]) {
        self.topology = topology
        self.stages = stages
        self.pipeline = pipeline
    }

    static let fileName = "fleet.json"

    /// The state in a run folder; nil when there is none of this topology.
    public static func load(_ folder: String, topology: String) -> FleetState? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(fileName)"),
            let state = try? JSONDecoder().decode(FleetState.self, from: data), state.topology == topology
        else { return nil }
        return state
    }

    /// Written whole or not at all.
    public func save(_ folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: "\(folder)/\(Self.fileName)"), options: .atomic)
    }
}
