import Foundation
import Wire

/// Where a service manager hears: a Unix socket for datagrams, by its path or, behind `@`, by an abstract name.
package struct NoticeSocket: Sendable {
    private let name: String

    /// - Parameter name: as `NOTIFY_SOCKET` has it.
    package init(_ name: String) throws(ServerKitError) {
        guard name.hasPrefix("/") || name.hasPrefix("@"), name.utf8.count > 1 else {
            throw ServerKitError(.serviceManager, "NOTIFY_SOCKET is \"\(name)\"; the path of a socket, or @ and an abstract name")
        }
        guard name.utf8.count <= Address.maxPathBytes else {
            throw ServerKitError(.serviceManager, "NOTIFY_SOCKET has \(name.utf8.count) bytes; at most \(Address.maxPathBytes)")
        }
        self.name = name
    }

    /// Sends them together.
    /// - Returns: false when nobody hears, or is too far behind: what has to be heard is to be sent again.
    package func send(_ notices: [Notice]) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: name.utf8)
            // Abstract.
            if $0[0] == UInt8(ascii: "@") { $0[0] = 0 }
        }
        // An abstract name ends where its length says.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count)
        let message = Array(notices.map(\.description).joined(separator: "\n").utf8)
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0, length)
            }
        }
        return sent == message.count
    }
}
