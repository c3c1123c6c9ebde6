import Foundation
import Synchronization
public import Wire

/// Listening sockets that the service manager has opened and holds open: connections wait in them while this process is started again.
///
/// A socket is found by where it is bound, not by its name: what listens somewhere takes the socket that is there, or binds one itself.
public final class InheritedSockets: Sendable {
    private struct Socket {
        let descriptor: Int32
        let name: String
        let place: String
    }

    /// Those that nobody has taken yet.
    private let rest: Mutex<[Socket]>

    /// There are none.
    public static let none = InheritedSockets()

    private init() { rest = Mutex([]) }

    /// - Throws: for a descriptor that is no listening stream socket.
    package convenience init(_ variables: ListenVariables) throws(ServerKitError) {
        try self.init(variables.names.enumerated().map { (ListenVariables.firstDescriptor + Int32($0.offset), $0.element) })
    }

    /// - Parameter sockets: descriptors and names.
    package init(_ sockets: [(descriptor: Int32, name: String)]) throws(ServerKitError) {
        var rest: [Socket] = []
        for (descriptor, name) in sockets {
            guard Self.option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue), Self.option(SO_ACCEPTCONN, of: descriptor) == 1,
                let bound = SocketName(boundTo: descriptor)
            else {
                throw ServerKitError(
                    .serviceManager,
                    "descriptor \(descriptor) (\(name)) of LISTEN_FDS is no socket that listens for streams; ListenStream=, Accept=no")
            }
            // None of ours is a child's.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            rest.append(Socket(descriptor: descriptor, name: name, place: "\(bound)"))
        }
        self.rest = Mutex(rest)
    }

    /// The descriptor of the socket that is bound to the address, once; nil: there is none.
    public func take(_ address: Address) -> Int32? {
        rest.withLock { rest in
            guard let index = rest.firstIndex(where: { SocketName(boundTo: $0.descriptor)?.matches(address) ?? false }) else { return nil }
            return rest.remove(at: index).descriptor
        }
    }

    /// For a message about an address that can't be had; empty where all were taken.
    var remark: String { leftovers.map { "; of the service manager's sockets \($0) is left" } ?? "" }

    /// - Throws: for sockets that nothing here listens at: connections would wait in them for ever.
    func checkAllTaken() throws(ServerKitError) {
        guard let leftovers else { return }
        throw ServerKitError(
            .serviceManager,
            "the service manager has opened \(leftovers), and nothing is to listen there: name the same address, as by --listen or --http")
    }

    private var leftovers: String? {
        let texts = rest.withLock { $0.map { "\($0.place) (\($0.name))" } }
        return texts.isEmpty ? nil : texts.joined(separator: ", ")
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
    }
}
