import Foundation
import Tensor

/// A whole file, mapped read-only and unmapped when the last tensor that views it goes.
///
/// The file must not shrink while it is mapped: the system answers a read beyond its new end with a signal.
enum FileMap {
    static func map(_ url: URL) throws(CheckpointError) -> Storage {
        let path = url.path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CheckpointError(errno == ENOENT ? .missingFile : .unreadable, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw CheckpointError(.unreadable, "\(path): \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CheckpointError(.unreadable, "\(path) is not a regular file") }
        guard status.st_size > 0 else { throw CheckpointError(.malformed, "\(path) is empty") }
        let byteCount = Int(status.st_size)
        guard let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw CheckpointError(.unreadable, "\(path): \(byteCount) bytes can't be mapped: \(String(cString: strerror(errno)))")
        }
        return Storage(address: address, byteCount: byteCount) { _ = munmap($0, byteCount) }
    }
}
