package import Glibc

/// Where a result goes. A file is written as a whole or not at all; a pipe, a device or standard output is written to as it is.
package struct OutputTarget: Sendable, Hashable {
    package let path: String
    /// Of a file; nil: that of the file that is replaced, else as the process's other files.
    package let mode: mode_t?

    package init(_ path: String, mode: mode_t? = nil) {
        self.path = path
        self.mode = mode
    }

    package var isStandardOutput: Bool { (try? OutputPlace(path)) == .descriptor(STDOUT_FILENO) }

    /// Takes one result after another; nothing in it can be replaced.
    package var isStream: Bool {
        switch try? OutputPlace(path) {
        case .descriptor, .stream: true
        case .file, nil: false
        }
    }

    /// Refuses what can't be written to, before there is anything to write. A file that is there stays as it is.
    package func check() throws(FileError) {
        switch try OutputPlace(path) {
        case .descriptor(let descriptor):
            let flags = fcntl(descriptor, F_GETFL)
            guard flags >= 0 else { throw failure(errno) }
            guard flags & O_ACCMODE != O_RDONLY else { throw failure(EBADF) }
        case .stream:
            guard access(path, W_OK) == 0 else { throw failure(errno) }
        case .file(let place):
            guard access(place, W_OK) == 0 || errno == ENOENT else { throw failure(errno) }
            // Only a file that was made there shows that one can be.
            let draft = try makeFile(beside: place)
            close(draft.descriptor)
            unlink(draft.name)
        }
    }

    package func write(_ bytes: [UInt8]) throws(FileError) {
        switch try OutputPlace(path) {
        case .descriptor(let descriptor):
            try write(bytes, to: descriptor)
        case .stream:
            let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw failure(errno) }
            defer { close(descriptor) }
            try write(bytes, to: descriptor)
        case .file(let place):
            try replace(place, bytes)
        }
    }

    /// Written beside its place and then moved there.
    private func replace(_ place: String, _ bytes: [UInt8]) throws(FileError) {
        let draft = try makeFile(beside: place), (name, descriptor) = (draft.name, draft.descriptor)
        do throws(FileError) {
            do throws(FileError) {
                keepOwner(of: place, descriptor)
                fchmod(descriptor, mode ?? Self.mode(of: place))
                try write(bytes, to: descriptor)
            } catch {
                close(descriptor)
                throw error
            }
            // A file system of another host may tell only now that it is full.
            guard close(descriptor) == 0 else { throw failure(errno) }
            guard rename(name, place) == 0 else { throw failure(errno) }
        } catch {
            unlink(name)
            throw error
        }
    }

    private func makeFile(beside place: String) throws(FileError) -> DraftFile {
        let folder = OutputPlace.folder(of: place)
        guard let draft = DraftFile(in: folder) else {
            let code = errno
            guard access(folder, F_OK) == 0 else { throw FileError("\(path): there is no folder \(folder)") }
            throw FileError("\(path) can't be written: no file can be made in \(folder)", code: code)
        }
        return draft
    }

    /// A file that root replaces stays its owner's.
    private func keepOwner(of place: String, _ descriptor: Int32) {
        var status = stat()
        guard geteuid() == 0, lstat(place, &status) == 0 else { return }
        _ = fchown(descriptor, status.st_uid, status.st_gid)
    }

    /// Of the file that is replaced, else as the process's other files: `mkstemp` keeps its own from others.
    private static func mode(of place: String) -> mode_t {
        var status = stat()
        if lstat(place, &status) == 0 { return status.st_mode & 0o7777 }
        let mask = umask(0)
        umask(mask)
        return 0o666 & ~mask
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws(FileError) {
        let code = writeAll(bytes, to: descriptor)
        guard code == 0 else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> FileError {
        FileError("\(isStandardOutput ? "standard output" : path) can't be written", code: code)
    }
}
