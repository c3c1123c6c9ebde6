import Glibc

/// A file of mode 0600 that is written from its beginning to its end, and then is there as a whole, where there was none. Until it is kept it has
/// another name beside its own, and goes with the value.
package final class WholeFile: Sendable {
    private let path: String
    private let draft: String
    private let descriptor: Int32

    /// Refuses a path where there is something, and one where no file can be made.
    package init(_ path: String) throws(FileError) {
        var status = stat()
        guard lstat(path, &status) != 0 else { throw FileError("\(path) can't be made", code: EEXIST) }
        var name = Array("\(OutputPlace.folder(of: path))/.glm-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw FileError("\(path) can't be made", code: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.path = path
        draft = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        close(descriptor)
        unlink(draft)
    }

    /// Adds bytes at the end.
    package func append(_ bytes: [UInt8]) throws(FileError) {
        let code = writeAll(bytes, to: descriptor)
        guard code == 0 else { throw FileError("\(path) can't be written", code: code) }
    }

    /// What it holds by now.
    package var bytes: Int {
        var status = stat()
        fstat(descriptor, &status)
        return Int(status.st_size)
    }

    /// Gives the file its name; it is on the disk when this returns. Refused where there is something by now.
    package func keep() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw FileError("\(path) can't be written", code: errno) }
        guard link(draft, path) == 0 else { throw FileError("\(path) can't be made", code: errno) }
    }
}
