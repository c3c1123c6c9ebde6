import Glibc
import NIOCore
import NIOPosix

/// What a host's name stands for, asked of the system's resolver.
enum HostAddresses {
    struct Address: Sendable {
        /// 4 or 16, in network order.
        let bytes: [UInt8]
        /// As in `93.184.216.34`.
        let text: String
    }

    /// - Returns: all of them; empty: the name is not known.
    static func of(_ host: String) async -> [Address] { (try? await NIOThreadPool.singleton.runIfActive { resolve(host) }) ?? [] }

    private static func resolve(_ host: String) -> [Address] {
        var hints = addrinfo(), first: UnsafeMutablePointer<addrinfo>?
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        guard getaddrinfo(host, "443", &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var addresses: [Address] = [], next = first
        while let info = next {
            if let address = address(info.pointee) { addresses.append(address) }
            next = info.pointee.ai_next
        }
        return addresses
    }

    private static func address(_ info: addrinfo) -> Address? {
        guard let raw = UnsafeRawPointer(info.ai_addr) else { return nil }
        let bytes: [UInt8]
        switch info.ai_family {
        case AF_INET: bytes = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
        case AF_INET6: bytes = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
        default: return nil
        }
        guard let socket = try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: 443), let text = socket.ipAddress else { return nil }
        return Address(bytes: bytes, text: text)
    }
}
