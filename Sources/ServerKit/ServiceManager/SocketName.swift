import Foundation
import Wire

/// What a socket is bound to, as the kernel says it.
struct SocketName: CustomStringConvertible {
    /// Of a Unix socket the path; of an internet socket family, port and address.
    private enum Value: Hashable {
        case path(String)
        case internet(family: Int32, port: Int, address: String)
    }

    private let value: Value

    /// Nil: neither a Unix socket with a path nor one of IP.
    init?(boundTo descriptor: Int32) {
        var name = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { return nil }
        let value = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Self.value(of: $0, length) }
        }
        guard let value else { return nil }
        self.value = value
    }

    /// Whether who listens at the address would be bound to the same.
    func matches(_ address: Address) -> Bool {
        switch (value, address) {
        case (.path(let mine), .unix(let path)):
            // The same file, whatever links are on the way.
            var first = stat(), second = stat()
            guard mine != path else { return true }
            return stat(mine, &first) == 0 && stat(path, &second) == 0 && first.st_ino == second.st_ino && first.st_dev == second.st_dev
        case (.internet, .tcp(let host, let port)), (.internet, .tls(let host, let port)):
            return Self.resolve(host, port) == value
        default: return false
        }
    }

    var description: String {
        switch value {
        case .path(let path): "\(Address.unix(path: path))"
        case .internet(_, let port, let address): "\(Address.tcp(host: address, port: port))"
        }
    }

    var port: Int? { if case .internet(_, let port, _) = value { port } else { nil } }

    /// As ``ListeningSocket`` would bind it.
    private static func resolve(_ host: String, _ port: Int) -> Value? {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let info = found else { return nil }
        defer { freeaddrinfo(found) }
        return value(of: info.pointee.ai_addr, info.pointee.ai_addrlen)
    }

    private static func value(of name: UnsafePointer<sockaddr>, _ length: socklen_t) -> Value? {
        switch Int32(name.pointee.sa_family) {
        case AF_UNIX:
            let bytes = UnsafeRawBufferPointer(start: name, count: Int(length)).dropFirst(MemoryLayout<sa_family_t>.size).prefix { $0 != 0 }
            return bytes.isEmpty ? nil : .path(String(decoding: bytes, as: UTF8.self))
        case AF_INET, AF_INET6:
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST)), service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
            let status = getnameinfo(
                name, length, &host, socklen_t(host.count), &service, socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
            func text(_ characters: [CChar]) -> String { String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) }
            guard status == 0, let port = Int(text(service)) else { return nil }
            return .internet(family: Int32(name.pointee.sa_family), port: port, address: text(host))
        default: return nil
        }
    }
}
