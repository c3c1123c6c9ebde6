import Domain
import Foundation
import ServerKit
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct InheritedSocketsTests {
    @Test("what listens at an address takes the socket that is bound there, and leaves its file when it ends")
    func unix() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.sock"
            let sockets = try InheritedSockets([(listener(path), "gateway")])
            #expect(sockets.take(.unix(path: folder + "/b.sock")) == nil)
            // By another way to the same file.
            let socket = try ListeningSocket(.unix(path: folder + "/../" + (folder as NSString).lastPathComponent + "/a.sock"), inherited: sockets)
            #expect(ListeningSocket.hasOwner(path: path))
            #expect(sockets.take(.unix(path: path)) == nil)
            socket.remove()
            #expect(FileManager.default.fileExists(atPath: path) && !ListeningSocket.hasOwner(path: path))
            close(socket.descriptor)
        }
    }

    private func listener(_ path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        precondition(bound == 0 && listen(descriptor, 1) == 0)
        return descriptor
    }

    @Test("a TCP socket is found by host and port, and by no other")
    func tcp() throws {
        let held = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        guard case .tcp(_, let port) = held.address else { preconditionFailure("\(held.address)") }
        listen(held.descriptor, 1)
        let sockets = try InheritedSockets([(held.descriptor, "http")])
        for other in [Address.tcp(host: "127.0.0.2", port: port), .tcp(host: "0.0.0.0", port: port), .tcp(host: "127.0.0.1", port: port ^ 1)] {
            #expect(sockets.take(other) == nil)
        }
        let refusal = #expect(throws: ServerKitError.self) { try ListeningSocket(.tcp(host: "0.0.0.0", port: port), inherited: sockets) }
        #expect(refusal?.message.hasSuffix("; of the service manager's sockets 127.0.0.1:\(port) (http) is left") == true, "\(refusal as Any)")
        let socket = try ListeningSocket(.tcp(host: "localhost", port: port), inherited: sockets)
        #expect(socket.descriptor == held.descriptor && socket.address == .tcp(host: "localhost", port: port))
        close(held.descriptor)
    }

    @Test("a descriptor that is no listening stream socket is refused by number and name")
    func others() throws {
        let (datagram, silent) = (socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0), socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        for descriptor in [datagram, silent, 1 << 20] {
            let message = "descriptor \(descriptor) (x) of LISTEN_FDS is no socket that listens for streams; ListenStream=, Accept=no"
            #expect(throws: ServerKitError(.serviceManager, message)) { try InheritedSockets([(descriptor, "x")]) }
        }
        close(datagram)
        close(silent)
    }

    @Test("a server that leaves one of its sockets to nobody ends with its address; one that uses it is reached through it")
    func server() async throws {
        let held = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        listen(held.descriptor, 1)
        let spare = ServiceManager(holding: try InheritedSockets([(held.descriptor, "grpc")]))
        let idle = try await Fixture.start([], manager: spare, loads: false)
        await #expect(
            throws: ServerKitError(
                .serviceManager,
                "the service manager has opened \(held.address) (grpc), and nothing is to listen there: name the same address, as by --listen or --http"
            )
        ) { try await idle.served.value }
        try FileManager.default.removeItem(atPath: idle.folder)
        let used = ServiceManager(holding: try InheritedSockets([(dup(held.descriptor), "grpc")]))
        let fixture = try await Fixture.start([], listen: "\(held.address)", manager: used)
        #expect(try await fixture.text.generate(Fixture.request).target.codes == [1])
        try await fixture.stop()
        close(held.descriptor)
    }
}
