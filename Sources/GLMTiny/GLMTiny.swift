public import Foundation

/// The small checkpoints that this repository carries, so that the first commands draw an image and answer a question about it.
public enum GLMTiny {
    public enum Checkpoint: String, Sendable, CaseIterable {
        /// Draws images.
        case image = "glm-tiny"
        /// Answers questions about them.
        case answer = "glm-tiny-v"

        /// Whether a folder has the layout of such a checkpoint.
        func matches(_ folder: URL) -> Bool {
            func holds(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) }
            return switch self {
            case .image: holds("model_index.json")
            case .answer: holds("config.json") && !holds("model_index.json")
            }
        }
    }

    /// The models of a program that is told none: the folders that `GLM_MODEL` names, colons between; else those of this repository that
    /// are there.
    public static func models(environment: [String: String] = ProcessInfo.processInfo.environment) -> [URL] {
        let named = named(environment)
        return named.isEmpty ? Checkpoint.allCases.compactMap(embedded) : named
    }

    /// One of these models: the first that does what `checkpoint` does. Where `GLM_MODEL` names none such, the first that it names,
    /// which is then refused by name. Nil when there is none at all.
    public static func locate(
        _ checkpoint: Checkpoint = .image, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> URL? {
        let named = named(environment)
        return named.isEmpty ? embedded(checkpoint) : named.first(where: checkpoint.matches) ?? named.first
    }

    private static func named(_ environment: [String: String]) -> [URL] {
        (environment["GLM_MODEL"] ?? "").split(separator: ":").map { URL(fileURLWithPath: String($0), isDirectory: true) }
    }

    /// Beside the running program, where the build puts it; else in `../share/glm`, where an installed program has it.
    private static func embedded(_ checkpoint: Checkpoint) -> URL? {
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        return ["glm_GLMTiny.resources/\(checkpoint.rawValue)", "../share/glm/\(checkpoint.rawValue)"]
            .map { programs.appendingPathComponent($0, isDirectory: true).standardizedFileURL }.first(where: checkpoint.matches)
    }
}
