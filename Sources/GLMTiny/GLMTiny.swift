public import Domain
public import Foundation

/// The small checkpoints that this repository carries, so that the first commands draw an image and answer a question about it.
public enum GLMTiny {
    /// The folder of the one for a pipeline.
    public static func name(_ pipeline: PipelineID) -> String {
        switch pipeline {
        case .image: "glm-tiny"
        case .answer: "glm-tiny-v"
        }
    }

    /// The models of a program that is told none: the folders that `GLM_MODEL` names, colons between; else those of this repository that
    /// are there.
    public static func models(environment: [String: String] = ProcessInfo.processInfo.environment) -> [URL] {
        let named = named(environment)
        return named.isEmpty ? PipelineID.allCases.compactMap(embedded) : named
    }

    /// One of these models: the first for the pipeline. Where `GLM_MODEL` names none such, the first that it names,
    /// which is then refused by name. Nil when there is none at all.
    public static func locate(
        _ pipeline: PipelineID = .image, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> URL? {
        let named = named(environment)
        return named.isEmpty ? embedded(pipeline) : named.first { matches($0, pipeline) } ?? named.first
    }

    private static func named(_ environment: [String: String]) -> [URL] {
        (environment["GLM_MODEL"] ?? "").split(separator: ":").map { URL(fileURLWithPath: String($0), isDirectory: true) }
    }

    /// Beside the running program, where the build puts it; else in `../share/glm`, where an installed program has it.
    private static func embedded(_ pipeline: PipelineID) -> URL? {
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        return ["glm_GLMTiny.resources/\(name(pipeline))", "../share/glm/\(name(pipeline))"]
            .map { programs.appendingPathComponent($0, isDirectory: true).standardizedFileURL }.first { matches($0, pipeline) }
    }

    /// Whether a folder has the layout of a checkpoint for the pipeline.
    private static func matches(_ folder: URL, _ pipeline: PipelineID) -> Bool {
        func holds(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) }
        return switch pipeline {
        case .image: holds("model_index.json")
        case .answer: holds("config.json") && !holds("model_index.json")
        }
    }
}
