import Foundation
public import Logging
import Synchronization

/// The key file of a server that runs. A look at its times with every question tells whether it was changed, so a key that was revoked is
/// refused from the next call on. A change for the worse leaves the keys as they were, and is told in the log, once.
public final class KeyFile: Sendable {
    public let path: String
    private let logger: Logger
    private let state: Mutex<(ring: KeyRing, stamp: FileStamp?)>

    /// - Throws: for a file that is not there, that others may read, or in which anything is wrong.
    public init(_ path: String, logger: Logger) throws(KeyError) {
        self.path = path
        self.logger = logger
        let (ring, stamp) = try Self.load(path)
        state = Mutex((ring, stamp))
    }

    /// The keys now.
    public var ring: KeyRing {
        state.withLock { state in
            let stamp = FileStamp(path: path)
            guard stamp != state.stamp else { return state.ring }
            state.stamp = stamp
            do {
                state = try Self.load(path)
                logger.notice("key file was read again", metadata: ["path": "\(path)", "keys": "\(state.ring.keys.count)"])
            } catch {
                logger.error("key file is wrong; the keys from before go on", metadata: ["path": "\(path)", "problem": "\(error)"])
            }
            return state.ring
        }
    }

    /// - Returns: the keys, and the state of the file that they were read from.
    static func load(_ path: String) throws(KeyError) -> (KeyRing, FileStamp?) {
        // A pipe in its place must not hold the server.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw KeyError("key file \(path) can't be read: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw KeyError("key file \(path) is not a file") }
        // Root changes the file of a server that another user runs.
        guard [0, status.st_uid].contains(geteuid()) || status.st_uid == 0 else {
            throw KeyError("key file \(path) belongs to user \(status.st_uid), we are \(geteuid())")
        }
        // A group may read: so are secrets given to a container that is not root.
        guard status.st_mode & 0o037 == 0 else {
            throw KeyError("key file \(path) is open to others (mode \(String(status.st_mode & 0o7777, radix: 8))); chmod 600 or 640 it")
        }
        guard status.st_size <= KeyLimits.fileBytes else {
            throw KeyError("key file \(path) has \(status.st_size) bytes; at most \(KeyLimits.fileBytes)")
        }
        do throws(KeyError) {
            return (try KeyRing(json: try read(descriptor)), FileStamp(status))
        } catch {
            throw KeyError("key file \(path): \(error)")
        }
    }

    private static func read(_ descriptor: Int32) throws(KeyError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: KeyLimits.fileBytes + 1), count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count) }
            if got == 0 { return Array(bytes[..<count]) }
            guard got > 0 || errno == EINTR else { throw KeyError("it can't be read: \(String(cString: strerror(errno)))") }
            count += max(0, got)
        }
        throw KeyError("it has more than \(KeyLimits.fileBytes) bytes")
    }
}

/// What tells one state of a file from another.
struct FileStamp: Sendable, Hashable {
    private let numbers: [Int]

    init(_ status: stat) {
        numbers = [
            Int(truncatingIfNeeded: status.st_dev), Int(truncatingIfNeeded: status.st_ino), Int(status.st_size), status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
    }

    /// Nil: there is no such file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }
}
