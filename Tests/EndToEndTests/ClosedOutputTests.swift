import Foundation
import Processes
import Testing

/// Standard output and standard error that are full, closed, or read by nobody.
@Suite(.timeLimit(.minutes(2))) struct ClosedOutputTests {
    private static let picture = ["generate", "x", "--size", "64x64", "--steps", "1", "--seed", "3", "--threads", "1"]

    @Test(
        "the image is made and written whatever happens to the streams; what could not be said is told by the exit code",
        arguments: [
            ("exec \"$@\" > /dev/full", 1), ("exec \"$@\" >&-", 1), ("exec \"$@\" 2>&-", 0), ("exec \"$@\" 2> /dev/full", 0),
            ("\"$@\" | true; exit ${PIPESTATUS[0]}", 1), ("\"$@\" 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}", 0), ("exec \"$@\" <&- >&- 2>&-", 1),
        ] as [(String, Int32)])
    func image(script: String, code: Int32) async throws {
        let scratch = try Scratch()
        let file = scratch.file("a.png")
        let program = try Program("glm", Self.picture + ["-o", file], in: scratch, wrapper: ["bash", "-c", script, "bash"])
        let result = try await program.result()
        #expect(result.exit == .code(code), "\(result.errors)")
        #expect(try scratch.bytes("a.png").starts(with: [0x89, 0x50, 0x4e, 0x47]))
        if script.contains("> /dev/full"), code == 1 { #expect(result.error.hasPrefix("standard output can't be written")) }
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("a reader that leaves ends a listing with exit code 1 and without a word")
    func readerGone() async throws {
        let scratch = try Scratch()
        let script = "\"$@\" | true; exit ${PIPESTATUS[0]}"
        let program = try Program("glm", ["plan", "--model", Binaries.model], in: scratch, wrapper: ["bash", "-c", script, "bash"])
        let result = try await program.result()
        #expect(result.exit == .code(1) && result.errors.isEmpty, "\(result.errors)")
    }
}
