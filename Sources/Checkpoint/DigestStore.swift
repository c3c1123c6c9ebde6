package import Foundation

/// Digests in the user's cache folder, a file each. It is a cache: what can't be read is computed again, what can't be written is not kept.
package struct DigestStore: Sendable {
    private let folder: URL

    package init(folder: URL) { self.folder = folder }

    package init?(folder: URL?) {
        guard let folder else { return nil }
        self.init(folder: folder)
    }

    /// `$XDG_CACHE_HOME/glm/digests`, else `~/.cache/glm/digests`; nil for a user without a home.
    package static var userFolder: URL? {
        let environment = ProcessInfo.processInfo.environment
        func absolute(_ key: String) -> URL? { environment[key].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil } }
        let cache = absolute("XDG_CACHE_HOME") ?? absolute("HOME")?.appendingPathComponent(".cache")
        return cache?.appendingPathComponent("glm/digests")
    }

    /// Nil where there is none, or not one that this user has written and nobody else could have.
    func load(_ state: FileState) -> [UInt8]? {
        let descriptor = open(path(state), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(), status.st_mode & 0o022 == 0,
            status.st_size == Self.byteCount
        else { return nil }
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        return read(descriptor, &digest, digest.count) == digest.count ? digest : nil
    }

    /// Whole or not at all: another process may read it at the same time.
    func save(_ digest: [UInt8], _ state: FileState) {
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var unfinished = Array("\(path(state)).XXXXXX".utf8CString)
        // For this user alone.
        let descriptor = mkstemp(&unfinished)
        guard descriptor >= 0 else { return }
        let isWritten = write(descriptor, digest, digest.count) == digest.count
        close(descriptor)
        if !isWritten || rename(unfinished, path(state)) != 0 { unlink(unfinished) }
    }

    private static let byteCount = 32

    private func path(_ state: FileState) -> String {
        let times = [state.modified, state.changed].map { "\($0.seconds).\($0.nanoseconds)" }.joined(separator: "-")
        return folder.appendingPathComponent("\(state.device)-\(state.inode)-\(state.size)-\(times)").path
    }
}
