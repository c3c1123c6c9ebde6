import Processes
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct LaunchTests {
    private func shell(_ script: String) throws -> ChildProcess {
        try ChildProcess(name: "child", executable: "/bin/sh", arguments: ["-c", script])
    }

    @Test("a child's lines, exit code and last words are heard")
    func lines() async throws {
        let child = try shell("echo one; echo two; echo three >&2; exit 3")
        var lines: [String] = []
        for await line in child.output { lines.append(line) }
        #expect(lines == ["one", "two"])
        #expect(await child.exit.value == .code(3))
        #expect(child.lastErrorLines == ["three"])
    }

    @Test("a child that does not end when asked is ended")
    func stubborn() async throws {
        let child = try shell("trap '' TERM; echo ready; while :; do sleep 0.05; done")
        for await line in child.output where line == "ready" { break }
        #expect(await child.stop(grace: .milliseconds(100)) == .signal(SIGKILL))
    }

    @Test("a program that is not there is named")
    func notFound() {
        #expect(throws: LaunchError.self) { try Programs.find("glm-nothing-of-this-name") }
        #expect(throws: LaunchError.self) { try ChildProcess(name: "x", executable: "/nonexistent/x", arguments: []) }
    }

    @Test("a private folder goes with its sockets; other folders are left alone")
    func folder() throws {
        let path = try PrivateFolder.make()
        try Data().write(to: URL(fileURLWithPath: path + "/a-0.sock"))
        PrivateFolder.remove(path)
        #expect(!FileManager.default.fileExists(atPath: path))
        let other = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: false)
        PrivateFolder.remove(other.path)
        #expect(FileManager.default.fileExists(atPath: other.path))
        try FileManager.default.removeItem(at: other)
    }
}
