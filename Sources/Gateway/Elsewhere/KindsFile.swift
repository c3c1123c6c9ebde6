import Domain
import Foundation
import Logging

/// What stages elsewhere once were, for the gateway that comes after this one: it stands in the state directory.
enum KindsFile {
    static let name = "stages-elsewhere.json"

    /// By ``StageOrigin``; empty when there is no such file, or one that no gateway wrote.
    static func load(_ folder: String) -> [String: Set<StageKind>] {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { return [:] }
        return (try? JSONDecoder().decode([String: Set<StageKind>].self, from: data)) ?? [:]
    }

    /// Written whole or not at all; without it the next gateway asks the stages.
    static func keep(_ kinds: [String: Set<StageKind>], _ folder: String, _ logger: Logger) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(kinds.mapValues { $0.sorted() }).write(to: URL(fileURLWithPath: "\(folder)/\(name)"), options: .atomic)
        } catch {
            logger.warning("kinds of stages elsewhere can't be kept", metadata: ["folder": "\(folder)", "problem": "\(error)"])
        }
    }
}
