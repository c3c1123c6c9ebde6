import Glibc

/// A folder for the sockets of a fleet that nobody else is to find.
public enum PrivateFolder {
    private static let prefix = "glm-fleet-"

    /// A new folder with mode 0700. Its path is short, for a socket's path has at most 107 bytes.
    public static func make(in parent: String = "/tmp") throws(LaunchError) -> String {
        let path = strdup("\(parent)/\(prefix)XXXXXX")!
        defer { free(path) }
        guard mkdtemp(path) != nil else {
            throw LaunchError(.notStarted, "no folder for the sockets in \(parent): \(String(cString: strerror(errno)))")
        }
        return String(cString: path)
    }

    /// Removes the folder and the sockets and locks in it. Others than those of ``make(in:)`` are left alone.
    public static func remove(_ path: String) {
        guard path.split(separator: "/").last?.hasPrefix(prefix) == true, let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name.hasSuffix(".sock") || name.hasSuffix(".lock") { unlink("\(path)/\(name)") }
        }
        closedir(folder)
        rmdir(path)
    }
}
