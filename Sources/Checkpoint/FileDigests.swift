package import Foundation
import Synchronization

/// Digests of files, each computed once: what was computed is known by the file's device, inode, size and times for as long as
/// the process lives, and that of a large file longer, in the user's cache folder.
///
/// Where a file can change while all of these stay, as on an image whose times are fixed or after the clock was set back, the
/// cache folder has to be emptied.
package final class FileDigests: Sendable {
    package static let shared = FileDigests(DigestStore(folder: DigestStore.userFolder))

    private let store: DigestStore?
    /// Smaller files are read faster than it is worth remembering them.
    private let storedBytes: Int
    private let now: @Sendable () -> Date
    private let known = Mutex<[FileState: [UInt8]]>([:])

    package init(_ store: DigestStore?, storedBytes: Int = 16 << 20, now: @escaping @Sendable () -> Date = Date.init) {
        self.store = store
        self.storedBytes = storedBytes
        self.now = now
    }

    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file.
    package func digest(_ url: URL) throws(CheckpointError) -> [UInt8] {
        try CheckpointFile.withOpen(url) { (descriptor, status) throws(CheckpointError) in
            let state = FileState(status)
            let isStored = state.size >= storedBytes
            // A file that changes twice within a tick of the clock looks the same after it.
            let isSettled = state.age(at: now()) > Self.tick
            if isSettled, let digest = known.withLock({ $0[state] }) ?? (isStored ? store?.load(state) : nil) { return digest }
            let digest = try FileDigest.compute(descriptor, byteCount: state.size, path: url.path)
            var after = stat()
            guard fstat(descriptor, &after) == 0, FileState(after) == state else {
                throw CheckpointError(.unreadable, "\(url.path) changed while it was read")
            }
            if isSettled {
                known.withLock { $0[state] = digest }
                if isStored { store?.save(digest, state) }
            }
            return digest
        }
    }

    /// The coarsest clock of a file system, in seconds.
    private static let tick = 2.0
}

/// What changes when a file does.
struct FileState: Hashable {
    let device, inode: UInt64
    let size: Int
    /// Of the content and of the inode; nobody can set the latter.
    let modified, changed: Time

    struct Time: Hashable {
        let seconds, nanoseconds: Int
    }

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
        modified = Time(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        changed = Time(seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec)
    }

    /// Seconds since it changed last.
    func age(at date: Date) -> Double { date.timeIntervalSince1970 - Double(max(changed.seconds, modified.seconds)) }
}
