public import Foundation

/// Finds the programs that belong together.
public enum Programs {
    /// The folder of the running program, links followed.
    public static var ownFolder: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// The program beside the running one, else in `PATH`.
    public static func find(_ name: String) throws(LaunchError) -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let folders = [ownFolder] + path.split(separator: ":").map { URL(fileURLWithPath: String($0)) }
        for folder in folders {
            let file = folder.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: file) { return file }
        }
        throw LaunchError(.notFound, "\(name) is neither in \(ownFolder.path), where this program is, nor in PATH")
    }
}
