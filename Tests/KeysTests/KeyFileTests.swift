import Domain
import Foundation
import Keys
import Logging
import Synchronization
import Testing

@Suite struct KeyFileTests {
    private let folder: String
    private let path: String
    private let lines = Lines()

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/glm-keys-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        path = folder + "/keys.json"
    }

    private func open() throws -> KeyFile {
        try KeyFile(path, logger: Logger(label: "test") { [lines] _ in lines })
    }

    private func add(_ name: String, _ text: String) throws {
        try KeyFile.edit(path, isNew: true) { ring throws(KeyError) in try ring.add(Key(Grant(name: name, scopes: [.images]), text: text)) }
    }

    private func clean() { try? FileManager.default.removeItem(atPath: folder) }

    @Test("a new file is for its owner alone, and nothing but it is left in the folder")
    func made() throws {
        defer { clean() }
        try add("a", "x")
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["keys.json"])
    }

    @Test("a server sees keys that are added and revoked, without a restart")
    func reload() throws {
        defer { clean() }
        try add("a", "x")
        let file = try open()
        #expect(file.ring.key("x")?.name == "a" && file.ring.key("y") == nil)
        try add("b", "y")
        #expect(file.ring.key("y")?.name == "b")
        try KeyFile.edit(path) { ring throws(KeyError) in try ring.revoke("a") }
        #expect(file.ring.key("x") == nil && file.ring.key("y")?.name == "b")
    }

    @Test("a file that has become wrong leaves the keys as they were, says why in the log once, and may become right again")
    func broken() throws {
        defer { clean() }
        try add("a", "x")
        let file = try open()
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        try Data("{".utf8).write(to: URL(fileURLWithPath: path))
        for _ in 0..<3 { #expect(file.ring.key("x")?.name == "a") }
        #expect(lines.all.count { $0.contains("not valid JSON") } == 1)
        try FileManager.default.removeItem(atPath: path)
        #expect(file.ring.key("x")?.name == "a")
        try good.write(to: URL(fileURLWithPath: path))
        chmod(path, 0o600)
        try add("b", "y")
        #expect(file.ring.key("y")?.name == "b")
    }

    @Test("a file that others may read or write is refused with its mode", arguments: [0o604, 0o620, 0o650, 0o660, 0o644])
    func mode(mode: Int) throws {
        defer { clean() }
        try add("a", "x")
        chmod(path, mode_t(mode))
        let error = #expect(throws: KeyError.self) { try open() }
        #expect(error?.description.hasSuffix("is open to others (mode \(String(mode, radix: 8))); chmod 600 or 640 it") == true)
    }

    @Test("a file that its group may read is taken, as secrets are mounted in a container that is not root", arguments: [0o640, 0o440])
    func group(mode: Int) throws {
        defer { clean() }
        try add("a", "x")
        chmod(path, mode_t(mode))
        #expect(try open().ring.key("x")?.name == "a")
    }

    @Test("what is no file, too long a file and no file at all are refused, and nothing waits for a pipe")
    func noFile() throws {
        defer { clean() }
        #expect(throws: KeyError.self) { try open() }
        mkfifo(path, 0o600)
        #expect(throws: KeyError.self) { try open() }
        unlink(path)
        try Data(repeating: 0x20, count: (1 << 20) + 1).write(to: URL(fileURLWithPath: path))
        chmod(path, 0o600)
        let error = #expect(throws: KeyError.self) { try open() }
        #expect(error?.description.hasSuffix("has 1048577 bytes; at most 1048576") == true)
    }

    @Test("a key that is not there can't be revoked, and a file that is not there is made for a new key alone")
    func revoke() throws {
        defer { clean() }
        #expect(throws: KeyError.self) { try KeyFile.edit(path) { ring throws(KeyError) in try ring.revoke("a") } }
        try add("a", "x")
        let error = #expect(throws: KeyError.self) { try KeyFile.edit(path) { ring throws(KeyError) in try ring.revoke("b") } }
        #expect(error?.description == "there is no key b; there are: a")
    }

    @Test("of many who change a file at the same time, none loses another's change")
    func concurrent() async throws {
        defer { clean() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<8 { group.addTask { try add("\(index)", "x\(index)") } }
            try await group.waitForAll()
        }
        #expect(try KeyFile.ring(of: path).keys.count == 8)
    }
}

/// What a server has logged.
private final class Lines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") } }
}
