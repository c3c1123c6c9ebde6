import Glibc

/// A file that grows by lines, with its older pieces beside it: `NAME.1` is the youngest of them. Nobody but the owner reads them.
///
/// It is opened for each line: a file that was moved away or removed is simply begun anew.
package struct RotatedFile: Sendable, Hashable {
    package let path: String
    /// Bytes of one piece; a longer line has one of its own.
    private let limit: Int
    /// Older pieces; the oldest is removed.
    private let kept: Int

    package init(_ path: String, limit: Int, kept: Int) {
        self.path = path
        self.limit = limit
        self.kept = kept
    }

    /// Makes the file where it is missing.
    /// - Throws: why nothing can be written there.
    package func prepare() throws(FileError) { close(try open().descriptor) }

    /// Adds a line, in one write. What fits in part only is taken back.
    package func append(_ line: [UInt8]) throws(FileError) {
        var (descriptor, size) = try open()
        defer { close(descriptor) }
        if size > 0, size + line.count > limit {
            try rotate()
            close(descriptor)
            (descriptor, size) = (-1, 0)
            (descriptor, size) = try open()
        }
        var count: Int
        repeat { count = write(descriptor, line, line.count) } while count < 0 && errno == EINTR
        guard count < line.count else { return }
        let code = count < 0 ? errno : ENOSPC
        if count > 0 { ftruncate(descriptor, off_t(size)) }
        throw FileError(what, code: code)
    }

    private var what: String { "\(path) can't be written" }

    private func open() throws(FileError) -> (descriptor: Int32, size: Int) {
        // A pipe without a reader must not make us wait.
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw FileError(what, code: errno) }
        var status = stat()
        do throws(FileError) {
            guard fstat(descriptor, &status) == 0 else { throw FileError(what, code: errno) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw FileError("\(what): it is no regular file") }
            if status.st_mode & 0o077 != 0, fchmod(descriptor, 0o600) != 0 { throw FileError(what, code: errno) }
        } catch {
            close(descriptor)
            throw error
        }
        return (descriptor, Int(status.st_size))
    }

    private func rotate() throws(FileError) {
        for number in (0..<kept).reversed() {
            let piece = number == 0 ? path : "\(path).\(number)"
            guard rename(piece, "\(path).\(number + 1)") == 0 || errno == ENOENT else { throw FileError("\(piece) can't be renamed", code: errno) }
        }
    }
}
