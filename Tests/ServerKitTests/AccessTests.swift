import Domain
import Foundation
import ServerKit
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct AccessTests {
    @Test("over TCP whoever connects computes and asks what the process is, but does not end it")
    func tcp() async throws {
        let fixture = try await Fixture.start([.token], listen: "127.0.0.1:0")
        let stage = StageClient(fixture.connection)
        #expect(try await stage.describe().kind == "text")
        #expect(try await fixture.text.generate(Fixture.request).target.codes == [1])
        await #expect(
            throws: CallError(
                .permissionDenied,
                "glm.v1.Stage/Drain is for operators: call it over the server's Unix socket, or start the server with --admin")
        ) { try await stage.drain(DrainRequest()) }
        #expect(try await stage.describe().state == .serving)
        try await fixture.stop()
    }

    @Test("with --admin a caller over TCP ends it as one on the Unix socket does")
    func admin() async throws {
        let fixture = try await Fixture.start([], listen: "127.0.0.1:0", flags: ["--admin"])
        _ = try await StageClient(fixture.connection).drain(DrainRequest())
        try await fixture.served.value
        try await fixture.stop()
    }

    @Test("a server on TCP with a door for operators answers at both; what TCP may not, the door may; both end together")
    func door() async throws {
        let folder = makeTemporaryFolder()
        let door = Address.unix(path: folder + "/door.sock")
        let fixture = try await Fixture.start([.token], listen: "127.0.0.1:0", door: door)
        let connection = try StageConnection(to: door)
        #expect(try await fixture.text.generate(Fixture.request).target.codes == [1])
        #expect(try await TextClient(connection).generate(Fixture.request).target.codes == [1])
        await #expect(throws: CallError.self) { try await StageClient(fixture.connection).drain(DrainRequest()) }
        _ = try await StageClient(connection).drain(DrainRequest())
        try await fixture.served.value
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        await connection.close()
        try await fixture.stop()
        try FileManager.default.removeItem(atPath: folder)
    }
}

@Suite struct LogStreamTests {
    @Test(
        "what strangers wrote ends no line of the log and does nothing to a terminal",
        arguments: [
            ("name=a\nforged", "name=a\\nforged"), ("a\r\nb", "a\\r\\nb"), ("\u{1B}[31mred\u{7}", "\\u{1B}[31mred\\u{7}"),
            ("\u{9B}2J", "\\u{9B}2J"), ("\u{202E}txt", "\\u{202E}txt"), ("a\u{2028}b", "a\\u{2028}b"), ("圆 é 🍎", "圆 é 🍎"), ("", ""),
            ("ends with \r", "ends with \\r"),
        ])
    func harmless(text: String, shown: String) { #expect(LogStream.line(text + "\n") == shown + "\n") }

    @Test("a line has a bound, and is cut between characters")
    func bound() {
        let line = LogStream.line(String(repeating: "é", count: LogStream.limit) + "\n")
        #expect(line == String(repeating: "é", count: LogStream.limit / 2) + " …\n")
        let escaped = LogStream.line(String(repeating: "\n", count: LogStream.limit) + "\n")
        #expect(escaped.utf8.count <= LogStream.limit + 5)
    }
}
