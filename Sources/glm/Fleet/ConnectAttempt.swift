import Foundation
import Processes
import Wire

/// One try to connect to a gateway's address: it tells apart what gRPC calls unavailable, with the system's reason.
enum ConnectAttempt: Sendable {
    case connected
    /// Nobody listens.
    case refused(String)
    /// The address can't be reached, may not be, or says nothing.
    case failed(String)

    static func make(to address: Address, within limit: Duration) async -> ConnectAttempt {
        let result = Promise<ConnectAttempt>()
        // Names may take longer to resolve than anybody waits.
        BlockingThread.start { result.fulfil(connect(to: address, within: limit)) }
        let timer = Task {
            try await Task.sleep(for: limit)
            result.fulfil(silent(limit))
        }
        defer { timer.cancel() }
        return await result.value ?? silent(limit)
    }

    private static func silent(_ limit: Duration) -> ConnectAttempt { .failed("no answer within \(Int(limit.inSeconds)) s") }

    private static func connect(to address: Address, within limit: Duration) -> ConnectAttempt {
        switch address {
        case .unix(let path): connect(path: path)
        case .tcp(let host, let port), .tls(let host, let port): connect(host: host, port: port, within: limit)
        }
    }

    private static func connect(path: String) -> ConnectAttempt {
        // Nobody can listen there either.
        do { try Address.checkPath(path) } catch { return .refused(error.message) }
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK, status.st_mode & S_IFMT != S_IFLNK { return .failed("that is no socket") }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size), within: .zero) }
        }
        switch code {
        case 0: return .connected
        case ENOENT: return .refused("there is no such socket")
        case ECONNREFUSED: return .refused("nobody listens at that socket")
        case EAGAIN: return .failed("it takes no more connections; it hangs, or too many wait")
        default: return .failed(reason(code))
        }
    }

    private static func connect(host: String, port: Int, within limit: Duration) -> ConnectAttempt {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0 else { return .failed("host \(host): \(String(cString: gai_strerror(status)))") }
        defer { freeaddrinfo(found) }
        var code = EHOSTUNREACH
        var next = found
        while let info = next?.pointee {
            code = connect(info.ai_family, info.ai_addr, info.ai_addrlen, within: limit)
            if code == 0 { return .connected }
            next = info.ai_next
        }
        return code == ECONNREFUSED ? .refused(reason(code)) : .failed(reason(code))
    }

    /// - Returns: 0, or why not.
    private static func connect(_ family: Int32, _ name: UnsafePointer<sockaddr>, _ length: socklen_t, within limit: Duration) -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        if Foundation.connect(descriptor, name, length) == 0 { return 0 }
        guard errno == EINPROGRESS else { return errno }
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&ready, 1, Int32(limit.milliseconds)) > 0 else { return ETIMEDOUT }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
