import Glibc

/// A file that is made where there is none, and written piece by piece at any place.
package final class NewFile {
    private let path: String
    private var descriptor: Int32

    package init(_ path: String) throws(FileError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError("\(path) can't be made", code: errno) }
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// - Parameter offset: of the first byte in the file.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError("\(path) can't be written", code: count < 0 ? errno : ENOSPC) }
            done += count
        }
    }

    /// The file is on the disk when this returns, and who reads it next reads it from there.
    package func close() throws(FileError) {
        defer { descriptor = -1 }
        let isKept = fsync(descriptor) == 0
        let code = errno
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        guard Glibc.close(descriptor) == 0, isKept else { throw FileError("\(path) can't be written", code: isKept ? errno : code) }
    }
}
