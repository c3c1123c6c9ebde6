import Processes
import Foundation
import Synchronization
import Testing

/// One of our programs, running.
final class Program: Sendable {
    let child: ChildProcess
    private let errors: AsyncStream<String>

    /// - Parameters:
    ///   - environment: beside `TMPDIR` and an empty run folder, so that no fleet of this machine's is met.
    ///   - wrapper: a command that starts the program: its path and arguments follow.
    init(_ name: String, _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:], wrapper: [String] = []) throws {
        let (errors, continuation) = AsyncStream.makeStream(of: String.self)
        self.errors = errors
        var variables = [
            "TMPDIR": scratch.temporary, "GLM_RUN_DIRECTORY": scratch.file("none"), "GLM_GATEWAY": "", "GLM_MODEL": "", "SWIFT_BACKTRACE": "",
        ]
        variables.merge(environment) { $1 }
        let settings = variables.map { "\($0.key)=\($0.value)" }
        child = try ChildProcess(
            name: name, executable: "/usr/bin/env", arguments: settings + wrapper + [Binaries.path(name)] + arguments,
            onErrorLine: { continuation.yield($0) })
    }

    /// Returns the first line of standard output, or standard error, that fits.
    func output(where fits: (String) -> Bool) async throws -> String {
        for await line in child.output where fits(line) { return line }
        throw Ended(name: child.name, words: child.lastErrorLines)
    }

    func error(where fits: (String) -> Bool) async throws -> String {
        for await line in errors where fits(line) { return line }
        throw Ended(name: child.name, words: child.lastErrorLines)
    }

    struct Ended: Error {
        let name: String
        let words: [String]
    }

    /// What a program that has ended did.
    struct Result: Sendable {
        let exit: ChildProcess.Exit
        let output: [String]
        let errors: [String]
        /// Without the "Error: " that our programs begin with.
        var error: String { (errors.last { $0.hasPrefix("Error: ") } ?? "").replacingOccurrences(of: "Error: ", with: "") }
    }

    func result() async throws -> Result {
        var lines: [String] = []
        for await line in child.output { lines.append(line) }
        let exit = try #require(await child.exit.value)
        return Result(exit: exit, output: lines, errors: child.lastErrorLines)
    }

    static func run(_ name: String, _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:]) async throws -> Result {
        try await Program(name, arguments, in: scratch, environment: environment).result()
    }

    /// The processes whose environment names the scratch folder: everything that was started for it.
    static func running(in scratch: Scratch) -> [String] {
        let needle = Data("TMPDIR=\(scratch.temporary)".utf8)
        return ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter { entry in
            guard Int(entry) != nil, let variables = FileManager.default.contents(atPath: "/proc/\(entry)/environ") else { return false }
            return variables.range(of: needle) != nil
        }
    }

    /// Those of them that run one of our programs.
    static func running(_ name: String, in scratch: Scratch) -> [Int32] {
        running(in: scratch).compactMap(Int32.init).filter {
            (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8)) == "\(name)\n"
        }
    }

    /// Returns when nothing runs for the scratch folder any more: for what no event of ours tells of.
    static func waitForNone(in scratch: Scratch) async throws {
        while !running(in: scratch).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }
}
