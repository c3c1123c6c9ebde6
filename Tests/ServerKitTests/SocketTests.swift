import Foundation
import ServerKit
import Testing
import Wire

@Suite struct SocketTests {
    @Test("a second process on the same path is refused, the first is unharmed; the path is free again afterwards")
    func secondOwner() throws {
        try withTemporaryFolder { folder in
            let address = Address.unix(path: folder + "/a.sock")
            let first = try ListeningSocket(address)
            let refusal = #expect(throws: ServerKitError.self) { try ListeningSocket(address) }
            #expect(refusal?.code == .inUse)
            #expect(try mode(folder + "/a.sock") == 0o600)
            first.remove()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            try ListeningSocket(address).remove()
        }
    }

    @Test("the socket of a process that was killed is replaced")
    func staleSocket() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.sock"
            let dead = try ListeningSocket(.unix(path: folder + "/b.sock"))
            // The same inode under the other name, as the dead process would have left it.
            try FileManager.default.linkItem(atPath: folder + "/b.sock", toPath: path)
            _ = FileManager.default.createFile(atPath: path + ".lock", contents: nil)
            dead.remove()
            try ListeningSocket(.unix(path: path)).remove()
        }
    }

    @Test("a file that is no socket is not touched")
    func regularFile() throws {
        try withTemporaryFolder { folder in
            try Data("precious".utf8).write(to: URL(fileURLWithPath: folder + "/a.sock"))
            #expect(throws: ServerKitError(.socket, "\(folder)/a.sock is there and is not a socket")) {
                try ListeningSocket(.unix(path: folder + "/a.sock"))
            }
            #expect(try String(contentsOfFile: folder + "/a.sock", encoding: .utf8) == "precious")
        }
    }

    @Test("port 0 becomes the port that the system chose; a taken port is refused")
    func tcp() throws {
        let socket = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        guard case .tcp(_, let port) = socket.address else { throw ServerKitError(.socket, "\(socket.address) is no port") }
        #expect(port > 0)
        listen(socket.descriptor, 1)
        let taken = #expect(throws: ServerKitError.self) { try ListeningSocket(.tcp(host: "127.0.0.1", port: port)) }
        #expect(taken == ServerKitError(.inUse, "another process listens at 127.0.0.1:\(port)"))
        let unknown = #expect(throws: ServerKitError.self) { try ListeningSocket(.tcp(host: "no such host", port: 0)) }
        #expect(unknown?.code == .socket)
    }

    @Test("a run folder is made for its owner alone, and one that others may enter is refused")
    func runFolder() throws {
        try withTemporaryFolder { folder in
            let run = RunDirectory(path: folder + "/run")
            try run.prepare()
            #expect(try mode(run.path) == 0o700)
            chmod(run.path, 0o755)
            let refusal = #expect(throws: ServerKitError.self) { try run.prepare() }
            #expect(refusal?.code == .runDirectory)
        }
    }

    @Test(
        "a state directory is made for its owner alone; one that others may write to is refused, one that they may read or whose sticky bit protects its files is not"
    )
    func stateDirectory() throws {
        try withTemporaryFolder { folder in
            let state = folder + "/state"
            try StateDirectory.prepare(state)
            #expect(try mode(state) == 0o700)
            for (bits, isRefused) in [(0o755, false), (0o775, true), (0o757, true), (0o1777, false), (0o750, false)] as [(mode_t, Bool)] {
                chmod(state, bits)
                let refusal = Result { () throws(ServerKitError) in try StateDirectory.prepare(state) }
                let words = "state directory \(state) may be written to by others (mode \(String(bits & 0o777, radix: 8))); chmod go-w it"
                if isRefused { #expect(throws: ServerKitError(.stateDirectory, words)) { try refusal.get() } } else { try refusal.get() }
            }
            try Data().write(to: URL(fileURLWithPath: folder + "/file"))
            #expect(throws: ServerKitError(.stateDirectory, "state directory \(folder)/file is not a directory")) {
                try StateDirectory.prepare(folder + "/file")
            }
        }
    }

    @Test("the sockets of a run folder tell kind and instance; other files are passed over")
    func registry() throws {
        try withTemporaryFolder { folder in
            for name in ["text-0.sock", "diffusion-npu-1.sock", "text-0.sock.lock", "notes.txt", "-.sock"] {
                _ = FileManager.default.createFile(atPath: folder + "/" + name, contents: nil)
            }
            let found = try RunDirectory(path: folder).sockets()
            #expect(found.map(\.kind) == ["diffusion", "text"])
            #expect(found.map(\.instance) == ["npu-1", "0"])
            #expect(found[1].address == .unix(path: folder + "/text-0.sock"))
        }
    }

    private func mode(_ path: String) throws -> Int {
        (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int) ?? -1
    }
}

/// A folder with a short name: a socket's path has 107 bytes.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

func makeTemporaryFolder() -> String {
    let folder = NSTemporaryDirectory() + "glm-\(UUID().uuidString.prefix(8))"
    mkdir(folder, 0o700)
    return folder
}
