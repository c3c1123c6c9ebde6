import Files
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) final class OutputTargetTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/glm-files-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }
    private func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    /// What writing to it says, if it says anything.
    private func refusal(_ path: String) -> String? {
        do {
            try OutputTarget(path).check()
            return nil
        } catch { return error.description }
    }

    @Test("a file is replaced as a whole, keeps its mode, and nothing is left beside it; a check leaves nothing at all")
    func file() throws {
        let target = OutputTarget(path("a"))
        try target.check()
        #expect(try names().isEmpty && !target.isStream)
        try target.write(Array("first, longer".utf8))
        chmod(path("a"), 0o640)
        try target.check()
        try target.write(Array("second".utf8))
        #expect(try text("a") == "second" && names() == ["a"])
        #expect(try FileManager.default.attributesOfItem(atPath: path("a"))[.posixPermissions] as? Int == 0o640)
    }

    @Test("a link stays and what it points to is written, there or not; a circle of links is refused")
    func links() throws {
        try Data("old".utf8).write(to: URL(fileURLWithPath: path("real")))
        for (link, target) in [("relative", "real"), ("chain", path("relative")), ("dangling", "new"), ("circle", "circle")] {
            symlink(target, path(link))
        }
        try OutputTarget(path("chain")).write(Array("1".utf8))
        #expect(try text("real") == "1")
        try OutputTarget(path("dangling")).write(Array("2".utf8))
        #expect(try text("new") == "2" && names() == ["chain", "circle", "dangling", "new", "real", "relative"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path("relative")) == "real")
        #expect(refusal(path("circle")) == "\(path("circle")) can't be written: Too many levels of symbolic links")
    }

    @Test("a pipe is written to as it is, by its own name and by a link")
    func pipe() async throws {
        mkfifo(path("pipe"), 0o600)
        symlink("pipe", path("link"))
        for name in ["pipe", "link"] {
            let target = OutputTarget(path(name))
            #expect(target.isStream)
            try target.check()
            let bytes = [UInt8](repeating: 7, count: 300_000)
            // A thread of its own: those of tasks may all be blocked.
            let (readings, reading) = AsyncStream<[UInt8]?>.makeStream()
            Thread { [path = path("pipe")] in reading.yield(try? InputFile.read(path, limit: 1 << 20)) }.start()
            try target.write(bytes)
            for await read in readings {
                #expect(read == bytes)
                break
            }
        }
        #expect(try names() == ["link", "pipe"])
    }

    @Test("a descriptor that is open already is written on from where it is")
    func descriptor() throws {
        let descriptor = open(path("a"), O_CREAT | O_WRONLY, 0o600)
        write(descriptor, "x", 1)
        for name in ["/dev/fd/\(descriptor)", "/proc/self/fd/\(descriptor)"] {
            #expect(OutputTarget(name).isStream)
            try OutputTarget(name).write(Array("y".utf8))
        }
        close(descriptor)
        #expect(try text("a") == "xyy")
        #expect(refusal("/dev/fd/\(descriptor)") == "/dev/fd/\(descriptor) can't be written: Bad file descriptor")
        let readOnly = open(path("a"), O_RDONLY)
        #expect(refusal("/dev/fd/\(readOnly)") == "/dev/fd/\(readOnly) can't be written: Bad file descriptor")
        close(readOnly)
    }

    @Test("a name of 255 bytes can be written; what can't be is refused before, with the reason")
    func refusals() throws {
        let longest = String(repeating: "n", count: 255)
        try OutputTarget(path(longest)).write([1])
        #expect(try names() == [longest])
        #expect(refusal(path(longest + "n")) == "\(path(longest + "n")) can't be written: File name too long")
        #expect(refusal(folder) == "\(folder) is a folder")
        #expect(refusal(path("none/a")) == "\(path("none/a")): there is no folder \(path("none"))")
        #expect(refusal(path("none/")) == "\(path("none/")) can't be written: there is no such folder")
        #expect(refusal(path("\(longest)/a")) == "\(path("\(longest)/a")) can't be written: Not a directory")
        // Nobody makes files there, whatever access(2) says to root.
        #expect(refusal("/proc/a.png") == "/proc/a.png can't be written: no file can be made in /proc: No such file or directory")
        // Root may write to any file.
        if getuid() != 0 {
            chmod(path(longest), 0o400)
            #expect(refusal(path(longest)) == "\(path(longest)) can't be written: Permission denied")
        }
    }

    @Test("a device that is full says so")
    func full() throws {
        let target = OutputTarget("/dev/full")
        try target.check()
        #expect(throws: FileError.self) { try target.write([1]) }
        do { try target.write([1]) } catch { #expect(error.description == "/dev/full can't be written: No space left on device") }
    }
}
