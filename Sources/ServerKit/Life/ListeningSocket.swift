import Foundation
import Synchronization
public import Wire

/// An address that this process, and no other, listens at.
///
/// We bind ourselves, because the transport would take over the path of a running process without a word. A lock file beside
/// the socket tells a live owner from a stale file, and goes with the process however it ends.
public final class ListeningSocket: Sendable {
    /// As bound: with the port that the system chose for port 0.
    public let address: Address
    /// Bound, not yet listening: nobody can connect before the server is ready to accept. One of the service manager listens already.
    public let descriptor: Int32
    private let lock: Int32?
    /// The service manager's file stays when this process ends.
    private let ownsFile: Bool
    private let removed = Atomic<Bool>(false)

    /// - Parameter inherited: one that is bound to the address goes before a new one.
    public init(_ address: Address, inherited: InheritedSockets = .none) throws(ServerKitError) {
        let given = inherited.take(address)
        ownsFile = given == nil
        switch address {
        case .unix(let path):
            if let given {
                lock = try Self.takeLock(path: path)
                descriptor = given
            } else {
                (descriptor, lock) = try Self.bind(path: path)
            }
            self.address = address
        case .tcp(let host, let port):
            if let given {
                (descriptor, self.address) = (given, address)
            } else {
                do { (descriptor, self.address) = try Self.bind(host: host, port: port) } catch {
                    throw ServerKitError(error.code, error.message + inherited.remark)
                }
            }
            lock = nil
        case .tls: throw ServerKitError(.socket, "\(address) is no address to listen at; without https:// it is")
        }
    }

    deinit { remove() }

    /// Takes away the files of a socket whose process was killed; those of a process that lives stay.
    public static func removeLeftovers(of address: Address) {
        guard case .unix(let path) = address, access(path, F_OK) == 0 || access(path + ".lock", F_OK) == 0, let lock = try? takeLock(path: path)
        else {
            return
        }
        unlink(path)
        unlink(path + ".lock")
        close(lock)
    }

    /// Takes the socket's file away; done once.
    public func remove() {
        guard !removed.exchange(true, ordering: .relaxed), case .unix(let path) = address, let lock else { return }
        if ownsFile { unlink(path) }
        unlink(path + ".lock")
        close(lock)
    }

    private static func bind(path: String) throws(ServerKitError) -> (descriptor: Int32, lock: Int32) {
        do { try Address.checkPath(path) } catch { throw ServerKitError(.socket, error.message) }
        let lock = try takeLock(path: path)
        do throws(ServerKitError) {
            var status = stat()
            if lstat(path, &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFSOCK else { throw ServerKitError(.socket, "\(path) is there and is not a socket") }
                unlink(path)
            }
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw failure("socket", path) }
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Foundation.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
            }
            guard bound == 0, chmod(path, 0o600) == 0 else {
                defer { close(descriptor) }
                throw failure("bind", path)
            }
            return (descriptor, lock)
        } catch {
            unlink(path + ".lock")
            close(lock)
            throw error
        }
    }

    /// Whether a process owns the path, listening or not; a file alone may have been left behind.
    ///
    /// The lock is shared for the moment of the question, so that two who ask don't take each other for an owner.
    public static func hasOwner(path: String) -> Bool {
        let lock = open(path + ".lock", O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { return errno != ENOENT }
        defer { close(lock) }
        return flock(lock, LOCK_SH | LOCK_NB) != 0
    }

    /// Locks `<path>.lock`. The former owner removes the file when it ends, so the lock counts only if the file is still the same.
    private static func takeLock(path: String) throws(ServerKitError) -> Int32 {
        while true {
            let lock = open(path + ".lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            guard lock >= 0 else { throw failure("open", path + ".lock") }
            guard lockAlone(lock) else {
                close(lock)
                throw ServerKitError(.inUse, "another process listens at \(path); choose another --instance or end it")
            }
            var mine = stat()
            var there = stat()
            if fstat(lock, &mine) == 0, stat(path + ".lock", &there) == 0, mine.st_ino == there.st_ino { return lock }
            close(lock)
        }
    }

    /// Waits out those who only ask, see ``hasOwner(path:)``.
    private static func lockAlone(_ lock: Int32) -> Bool {
        for _ in 0..<20 {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(1000)
        }
        return false
    }

    private static func bind(host: String, port: Int) throws(ServerKitError) -> (descriptor: Int32, address: Address) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0, let info = found else {
            throw ServerKitError(.socket, "host \(host): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(info.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("socket", "\(host):\(port)") }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard Foundation.bind(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 else {
            defer { close(descriptor) }
            if errno == EADDRINUSE { throw ServerKitError(.inUse, "another process listens at \(host):\(port)") }
            throw failure("bind", "\(host):\(port)")
        }
        return (descriptor, .tcp(host: host, port: SocketName(boundTo: descriptor)?.port ?? port))
    }

    private static func failure(_ call: String, _ what: String) -> ServerKitError {
        ServerKitError(.socket, "\(call) \(what): \(String(cString: strerror(errno)))")
    }
}
