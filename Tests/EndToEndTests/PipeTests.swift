import Foundation
import Processes
import Testing

/// What comes from pipes and goes to them, and to files that are not plain.
@Suite(.timeLimit(.minutes(2))) struct PipeTests {
    private static let small = ["--size", "64x64", "--steps", "1", "--seed", "3", "--threads", "1", "--model", Binaries.model]

    private func run(_ script: String, _ arguments: [String], in scratch: Scratch) async throws -> Program.Result {
        try await Program("glm", arguments, in: scratch, wrapper: ["bash", "-c", "cd \(scratch.path); \(script)", "bash"]).result()
    }

    @Test("a source image comes from standard input, by any of its names, or from a shell's <(…), and makes the same image as the file")
    func sources() async throws {
        let scratch = try Scratch()
        let image = Binaries.image("rgb.png")
        let fleet = try await RunningFleet.start(in: scratch)
        let rest = ["--steps", "1", "--seed", "3", "--size", "64x64", "--gateway", fleet.address]
        #expect(try await Program.run("glm", ["edit", image, "x", "-o", scratch.file("a.png")] + rest, in: scratch).exit == .code(0))
        for (name, script) in [
            ("b", "cat \(image) | \"$1\" edit - x \"${@:2}\""), ("c", "cat \(image) | \"$1\" edit /dev/stdin x \"${@:2}\""),
            ("d", "\"$1\" edit <(cat \(image)) x \"${@:2}\""), ("e", "\"$1\" edit - x \"${@:2}\" < \(image)"),
        ] {
            let result = try await run(script, ["-o", "\(name).png"] + rest, in: scratch)
            #expect(result.exit == .code(0), "\(name): \(result.errors)")
            #expect(try scratch.bytes("\(name).png") == scratch.bytes("a.png"), "\(name)")
        }
        for (source, error) in [
            ("/nothing", "/nothing can't be read: No such file or directory"), ("/tmp", "/tmp can't be read: Is a directory"),
            ("/dev/zero", "/dev/zero can't be read: it has more than 67108864 bytes"),
        ] {
            let result = try await Program.run("glm", ["edit", source, "x", "-o", scratch.file("f.png")] + rest, in: scratch)
            #expect(result.exit == .code(1) && result.error == error, "\(result.errors)")
        }
        let twice = try await Program.run("glm", ["edit", "-", "/dev/stdin", "x", "-o", scratch.file("f.png")] + rest, in: scratch)
        #expect(twice.exit == .code(2), "\(twice.errors)")
        await fleet.stop()
    }

    @Test("a topology comes from a pipe")
    func topology() async throws {
        let scratch = try Scratch()
        let text = "stages:\n  text:\n    replicas: 2\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: scratch.file("t.yaml")))
        let plan = ["plan", "--model", Binaries.model, "--topology"]
        let direct = try await Program.run("glm", plan + [scratch.file("t.yaml")], in: scratch)
        #expect(direct.exit == .code(0), "\(direct.errors)")
        for (script, name) in [("cat t.yaml | \"$@\"", "/dev/stdin"), ("cat t.yaml | \"$@\"", "-"), ("\"$@\" <(cat t.yaml)", "")] {
            let result = try await run(script, plan + (name.isEmpty ? [] : [name]), in: scratch)
            #expect(result.exit == .code(0) && result.output.count == direct.output.count, "\(name): \(result.errors)")
        }
        let none = try await Program.run("glm", plan + ["/nothing"], in: scratch)
        #expect(none.exit == .code(1) && none.error == "/nothing can't be read: No such file or directory")
    }

    @Test("an image goes through a link to its file, to a named pipe, and to standard output by any name; a name may be 255 bytes long")
    func outputs() async throws {
        let scratch = try Scratch()
        let picture = ["generate", "x"] + Self.small
        symlink("real.png", scratch.file("link.png"))
        let long = String(repeating: "n", count: 251) + ".png"
        #expect(try await run("\"$@\"", picture + ["-o", "link.png"], in: scratch).exit == .code(0))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: scratch.file("link.png")) == "real.png")
        let bytes = try scratch.bytes("real.png")
        for (script, output) in [
            ("\"$@\" > c.png", "/dev/stdout"), ("\"$@\" | cat > c.png", "-"), ("\"$@\" 3> c.png", "/dev/fd/3"),
            ("mkfifo p; cat p > c.png & \"$@\" && wait", "p"), ("\"$@\" && mv \(long) c.png", long),
        ] {
            let result = try await run(script, picture + ["-o", output], in: scratch)
            #expect(result.exit == .code(0), "\(output): \(result.errors)")
            #expect(try scratch.bytes("c.png") == bytes, "\(output)")
            try FileManager.default.removeItem(atPath: scratch.file("c.png"))
        }
        #expect(scratch.contents == ["link.png", "p", "real.png"])
    }

    @Test("an output that can't be written is refused before anything is started; several images don't go to one stream")
    func refused() async throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.file("folder.png"), withIntermediateDirectories: false)
        for (output, error) in [
            ("folder.png", "folder.png is a folder"), ("none/a.png", "none/a.png: there is no folder none"),
            ("/proc/a.png", "/proc/a.png can't be written: no file can be made in /proc: No such file or directory"),
            (String(repeating: "n", count: 252) + ".png", String(repeating: "n", count: 252) + ".png can't be written: File name too long"),
        ] {
            let result = try await run("\"$@\"", ["generate", "x", "-o", output, "--model", "/nothing"], in: scratch)
            #expect(result.exit == .code(1) && result.error == error, "\(result.errors)")
        }
        for output in ["-", "/dev/stdout", "/dev/null"] {
            let result = try await run("\"$@\"", ["generate", "x", "-n", "2", "-o", output], in: scratch)
            #expect(result.exit == .code(2) && result.error == "-n 2 pictures don't go to \(output); name a file", "\(result.errors)")
        }
        #expect(scratch.contents == ["folder.png"])
    }

    @Test("an image for which there is no room is kept elsewhere, and the error says where")
    func full() async throws {
        let scratch = try Scratch()
        let result = try await run("\"$@\"", ["generate", "x", "-o", "/dev/full"] + Self.small, in: scratch)
        #expect(result.exit == .code(1))
        let kept = try #require(scratch.contents.first)
        #expect(result.error == "/dev/full can't be written: No space left on device; the picture is in \(scratch.file(kept))")
        #expect(try scratch.bytes(kept).starts(with: [0x89, 0x50, 0x4e, 0x47]) && scratch.contents.count == 1)
    }

    @Test("an argument that is not UTF-8 is refused, not repaired")
    func notUTF8() async throws {
        let scratch = try Scratch()
        let result = try await run("\"$@\" -o $'caf\\xe9.png'", ["generate", "x"] + Self.small, in: scratch)
        #expect(result.exit == .code(2) && result.error.contains("is not UTF-8"), "\(result.errors)")
        #expect(scratch.contents.isEmpty)
    }

    @Test("on a terminal of 40 columns the live line has one line, in ASCII where the locale is not UTF-8; on a dumb one there is none")
    func narrow() async throws {
        let scratch = try Scratch()
        for (settings, bar) in [("LC_ALL=C.UTF-8 TERM=xterm", "█"), ("LC_ALL=C TERM=xterm", "#"), ("LC_ALL=C TERM=dumb", "started")] {
            let command = (["generate", "x", "-o", scratch.file("a.png")] + Self.small).joined(separator: " ")
            let script = "script -qec \"stty cols 40; \(settings) $1 \(command)\" /dev/null"
            let result = try await run(script, [], in: scratch)
            #expect(result.exit == .code(0), "\(result)")
            let text = result.output.joined(separator: "\n")
            #expect(text.contains(bar))
            if settings.contains("dumb") { #expect(!text.contains("\u{1B}")) }
            if settings.contains("LC_ALL=C ") { #expect(text.utf8.allSatisfy { $0 < 0x80 }) }
            for line in text.components(separatedBy: "\u{1B}[K").dropFirst() {
                #expect(line.prefix { !$0.isNewline && $0 != "\r" }.count < 40)
            }
        }
    }
}
