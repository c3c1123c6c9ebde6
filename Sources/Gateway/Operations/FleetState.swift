public import Placement
import Foundation
public import Domain

/// What operators have made of a plan, for the gateway that comes after this one: it stands in the run folder, beside the
/// sockets of the stages that it speaks of.
public struct FleetState: Codable, Sendable, Hashable {
    /// Digest of the plan that it began with; another plan begins anew.
    public var plan: String
    public var stages: [StageSpec]
    /// The models, by name: for each kind of stage the fingerprint that it must have.
    public var models: [String: [StageKind: String]]

    public init(plan: String, stages: [StageSpec], models: [String: [StageKind: String]]) {
        self.plan = plan
        self.stages = stages
        self.models = models
    }

    static let fileName = "fleet.json"

    /// The state in a run folder; nil when there is none of this plan, or one that no gateway wrote.
    public static func load(_ folder: String, plan: String) -> FleetState? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(fileName)"),
            let state = try? JSONDecoder().decode(FleetState.self, from: data), state.plan == plan, state.stages.allSatisfy(\.isSound)
        else { return nil }
        return state
    }

    /// For a fleet that was ended as it was told to.
    public static func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: "\(folder)/\(fileName)") }

    /// Written whole or not at all.
    public func save(_ folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: "\(folder)/\(Self.fileName)"), options: .atomic)
    }
}
