import Foundation

/// All jobs as they were at one moment: the bytes of a file that a store opens. It has no name, so nothing is left of it.
public final class JobCopy: Sendable {
    /// How many jobs it holds.
    public let jobs: Int
    /// The size of all of it.
    public let bytes: Int
    private let path: String
    private let descriptor: Int32

    /// Opens a file and takes its name away.
    init(_ path: String, jobs: Int) throws(JobsError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw JobsError(.storage, "\(path): \(String(cString: strerror(errno)))") }
        unlink(path)
        var status = stat()
        fstat(descriptor, &status)
        (self.path, self.jobs, self.bytes, self.descriptor) = (path, jobs, Int(status.st_size), descriptor)
    }

    deinit { close(descriptor) }

    /// - Returns: `count` bytes from a place on, fewer at the end.
    public func read(at offset: Int, _ count: Int) throws(JobsError) -> [UInt8] {
        let count = min(count, bytes - offset)
        var code: Int32 = 0
        let read = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, code == 0 {
                let done = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
                // Nobody else can make it shorter: it has no name.
                if done > 0 { filled += done } else if done == 0 { code = EIO } else if errno != EINTR { code = errno }
            }
        }
        guard code == 0 else { throw JobsError(.storage, "\(path): \(String(cString: strerror(code)))") }
        return read
    }
}
