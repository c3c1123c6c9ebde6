import Files
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct InputFileTests {
    private func refusal(_ path: String, limit: Int = 100) -> String? {
        do {
            _ = try InputFile.read(path, limit: limit)
            return nil
        } catch { return error.description }
    }

    @Test("a pipe is read to its end, however it comes in pieces")
    func pipe() throws {
        var ends: [Int32] = [0, 0]
        Glibc.pipe(&ends)
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let (reader, writer) = (ends[0], ends[1])
        // A thread of its own: those of tasks may all be blocked.
        Thread {
            for byte in "abcdef".utf8 {
                _ = withUnsafePointer(to: byte) { write(writer, $0, 1) }
                sched_yield()
            }
            close(writer)
        }.start()
        #expect(try InputFile.read("/dev/fd/\(reader)", limit: 6) == Array("abcdef".utf8))
        close(reader)
    }

    @Test("what has more bytes than the limit is refused, also where the size is not known before")
    func limit() throws {
        let path = FileManager.default.temporaryDirectory.path + "/glm-files-\(UInt32.random(in: .min ... .max))"
        defer { unlink(path) }
        try Data(count: 101).write(to: URL(fileURLWithPath: path))
        #expect(refusal(path) == "\(path) can't be read: it has 101 bytes; at most 100")
        #expect(refusal("/dev/zero", limit: 1 << 20) == "/dev/zero can't be read: it has more than 1048576 bytes")
        #expect(try InputFile.read(path, limit: 101).count == 101)
    }

    @Test("what can't be read is told with the system's reason")
    func reasons() {
        #expect(refusal("/nothing/here") == "/nothing/here can't be read: No such file or directory")
        #expect(refusal("/tmp") == "/tmp can't be read: Is a directory")
    }
}
