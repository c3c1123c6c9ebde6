import Foundation
import Tensor

/// A whole file, mapped read-only and unmapped when the last tensor that views it goes.
///
/// The file must not shrink while it is mapped: the system answers a read beyond its new end with a signal.
enum FileMap {
    static func map(_ url: URL) throws(CheckpointError) -> Storage {
        try CheckpointFile.withOpen(url) { (descriptor, status) throws(CheckpointError) in
            let byteCount = Int(status.st_size)
            guard let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
                throw CheckpointError(.unreadable, "\(url.path): \(byteCount) bytes can't be mapped: \(String(cString: strerror(errno)))")
            }
            return Storage(address: address, byteCount: byteCount) { _ = munmap($0, byteCount) }
        }
    }
}
