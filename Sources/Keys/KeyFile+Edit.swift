import Files
import Foundation

extension KeyFile {
    /// Changes the keys of a file; for the file's keeper. Servers that run see the old keys or the new, never half of them.
    /// - Parameter isNew: a file that is not there is made, with mode 0600.
    /// - Throws: what `change` throws, and why the file can't be read or written.
    public static func edit(_ path: String, isNew: Bool = false, _ change: (inout KeyRing) throws(KeyError) -> Void) throws(KeyError) {
        let slash = path.lastIndex(of: "/")
        let folder = open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw KeyError("key file \(path): \(String(cString: strerror(errno)))") }
        // Goes with the descriptor. Of two who change the file at the same time one waits for the other.
        defer { close(folder) }
        guard flock(folder, LOCK_EX) == 0 else { throw KeyError("key file \(path): \(String(cString: strerror(errno)))") }
        var ring = isNew && access(path, F_OK) != 0 && errno == ENOENT ? KeyRing() : try ring(of: path)
        try change(&ring)
        do {
            try OutputTarget(path, mode: 0o600).write(ring.json())
        } catch {
            throw KeyError("key file \(error)")
        }
    }

    /// The keys of a file.
    public static func ring(of path: String) throws(KeyError) -> KeyRing { try load(path).0 }
}
