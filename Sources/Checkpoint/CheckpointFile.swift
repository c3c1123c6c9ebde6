import Foundation

/// A regular file of a checkpoint. What stands in its place instead is named: nothing, a link that leads nowhere, an empty file,
/// the pointer that Git LFS leaves for a file that was not fetched.
enum CheckpointFile {
    /// - Throws: `missingFile` for a link that leads nowhere, `unreadable` where the system doesn't say.
    static func exists(_ url: URL) throws(CheckpointError) -> Bool {
        let path = url.path
        var status = stat()
        if stat(path, &status) == 0 { return true }
        let reason = errno
        let isLink = lstat(path, &status) == 0
        guard reason == ENOENT || reason == ENOTDIR else { throw failure(path, reason) }
        guard isLink else { return false }
        let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? "another file"
        throw CheckpointError(.missingFile, "\(path) is a link to \(target), which is not there")
    }

    /// - Parameter body: gets the open file and what the system says of it; it is closed afterwards.
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file.
    static func withOpen<Result>(
        _ url: URL, _ body: (_ descriptor: Int32, _ status: stat) throws(CheckpointError) -> Result
    ) throws(CheckpointError) -> Result {
        let path = url.path
        guard try exists(url) else { throw CheckpointError(.missingFile, "\(path) is missing") }
        // Where a pipe stands in the file's place, nobody may ever write to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CheckpointError(.unreadable, "\(path) is not a regular file") }
        guard status.st_size > 0 else { throw CheckpointError(.malformed, "\(path) is empty") }
        var start = [UInt8](repeating: 0, count: pointerStart.count)
        guard pread(descriptor, &start, start.count, 0) >= 0 else { throw failure(path, errno) }
        guard start != pointerStart else {
            throw CheckpointError(.malformed, "\(path) is a Git LFS pointer, not the file that it stands for; run git lfs pull in its folder")
        }
        return try body(descriptor, status)
    }

    /// How every pointer file begins.
    private static let pointerStart = Array("version https://git-lfs.github.com/spec/".utf8)

    static func failure(_ path: String, _ reason: Int32) -> CheckpointError {
        CheckpointError(.unreadable, "\(path): \(String(cString: strerror(reason)))")
    }
}
