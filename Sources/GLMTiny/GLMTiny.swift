public import Foundation

/// The small checkpoint that this repository carries, so that the first command draws a picture.
public enum GLMTiny {
    private static let name = "glm-tiny"

    /// Its folder: what `GLM_MODEL` names; else beside the running program, where the build puts it; else in `../share/glm`, where
    /// an installed program has it. Nil when it is at none of these.
    public static func locate(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL? {
        if let path = environment["GLM_MODEL"], !path.isEmpty { return URL(fileURLWithPath: path, isDirectory: true) }
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let places = ["glm_GLMTiny.resources/\(name)", "../share/glm/\(name)"]
        return places.map { programs.appendingPathComponent($0, isDirectory: true).standardizedFileURL }.first {
            FileManager.default.fileExists(atPath: $0.appendingPathComponent("model_index.json").path)
        }
    }
}
