import Glibc

/// A file, pipe or device that is read to its end.
package enum InputFile {
    /// - Parameters:
    ///   - path: `-` and `/dev/stdin` are standard input, whatever that is.
    ///   - limit: bytes; what has more is refused before the rest is read.
    package static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let what = "\(isStandardInput(path) ? "standard input" : path) can't be read"
        let descriptor = isStandardInput(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw FileError(what, code: errno) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }

        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) > limit {
            throw FileError("\(what): it has \(status.st_size) bytes; at most \(limit)")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR || waitWhileEmpty(descriptor) { continue }
                throw FileError(what, code: errno)
            }
            guard bytes.count + count <= limit else { throw FileError("\(what): it has more than \(limit) bytes") }
            bytes += chunk[..<count]
        }
    }

    /// Who may do what with a file, as `chmod` takes it, links followed; nil: it is not there.
    package static func permissions(_ path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    package static func isStandardInput(_ path: String) -> Bool { path == "-" || path == "/dev/stdin" }

    /// Whoever shares a pipe with us may have made it non-blocking.
    private static func waitWhileEmpty(_ descriptor: Int32) -> Bool {
        guard errno == EAGAIN else { return false }
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&ready, 1, -1) >= 0 || errno == EINTR
    }
}
