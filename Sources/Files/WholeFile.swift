import Glibc

/// A file of mode 0600 that is written from its beginning to its end, and then is there as a whole, where there was none. Until it is kept it has
/// another name beside its own, and goes with the value.
package final class WholeFile: Sendable {
    private let path: String
    private let draft: DraftFile

    /// Refuses a path where there is something, and one where no file can be made.
    package init(_ path: String) throws(FileError) {
        var status = stat()
        guard lstat(path, &status) != 0 else { throw FileError("\(path) can't be made", code: EEXIST) }
        guard let draft = DraftFile(in: OutputPlace.folder(of: path)) else { throw FileError("\(path) can't be made", code: errno) }
        self.path = path
        self.draft = draft
    }

    deinit {
        close(draft.descriptor)
        unlink(draft.name)
    }

    /// Adds bytes at the end.
    package func append(_ bytes: [UInt8]) throws(FileError) {
        let code = writeAll(bytes, to: draft.descriptor)
        guard code == 0 else { throw FileError("\(path) can't be written", code: code) }
    }

    /// What it holds by now.
    package var bytes: Int {
        var status = stat()
        fstat(draft.descriptor, &status)
        return Int(status.st_size)
    }

    /// Gives the file its name; it is on the disk when this returns. Refused where there is something by now.
    package func keep() throws(FileError) {
        guard fsync(draft.descriptor) == 0 else { throw FileError("\(path) can't be written", code: errno) }
        guard link(draft.name, path) == 0 else { throw FileError("\(path) can't be made", code: errno) }
    }
}
