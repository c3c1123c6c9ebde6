import Foundation
import TestSupport
import Testing

/// What a parser did with an input that it must not do.
struct Finding: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

/// Gives one parser mutations of valid inputs. It may return or throw; it must not trap, run long or fill the memory.
///
/// Each input is in a file before the parser sees it, so that one that ends the process is there afterwards; the file's name and the
/// seed are printed at the beginning. Inputs that showed a fault once are in `Tests/Fixtures/fuzz/NAME` and are tried first.
struct Fuzzer {
    /// Seconds for each parser.
    static let variable = "GLM_FUZZ_SECONDS"
    static let seconds = ProcessInfo.processInfo.environment[variable].flatMap(Double.init) ?? 1

    let name: String
    private let duration: Duration
    private let found: [[UInt8]]
    private var mutator: Mutator
    private let file: InputFile

    /// - Parameters:
    ///   - corpus: valid inputs.
    ///   - words: pieces of the grammar.
    ///   - share: of the seconds.
    init(_ name: String, corpus: [[UInt8]], words: [String] = [], isJSON: Bool = false, share: Double = 1) throws {
        self.name = name
        duration = .seconds(Self.seconds * share)
        found = try Self.files(in: fixtures.appending(path: "fuzz/\(name)"))
        file = try InputFile(name)
        let random = SeededRandom("fuzz \(name), \(duration), input in \(file.path)")
        mutator = Mutator(random, corpus: corpus + found, words: words.map { Array($0.utf8) }, isJSON: isJSON)
    }

    mutating func run(_ parse: ([UInt8]) async throws -> Void) async throws {
        for input in found { guard await passes(input, parse) else { return } }
        let end = ContinuousClock.now + duration
        var count = 0
        repeat {
            let input = mutator.next()
            guard await passes(input, parse) else { return }
            count += 1
        } while ContinuousClock.now < end
        print("fuzz \(name): \(count) inputs")
        file.remove()
    }

    private func passes(_ input: [UInt8], _ parse: ([UInt8]) async throws -> Void) async -> Bool {
        let memory = Self.peakMemory
        file.write(input)
        // A parser that hangs ends the process.
        alarm(20)
        defer { alarm(0) }
        do {
            try await parse(input)
        } catch let finding as Finding {
            Issue.record("\(name): \(finding.message); the input is in \(file.path)")
            return false
        } catch {}
        guard Self.peakMemory - memory < 512 << 20 else {
            Issue.record("\(name): more than 512 MiB for \(input.count) bytes; the input is in \(file.path)")
            return false
        }
        return true
    }

    /// Bytes.
    private static var peakMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }

    static func files(in folder: URL) throws -> [[UInt8]] {
        let urls = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return try urls.sorted { $0.path < $1.path }.map { Array(try Data(contentsOf: $0)) }
    }
}

/// Where an input stands while a parser reads it.
private struct InputFile {
    let path: String
    private let descriptor: Int32

    init(_ name: String) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "glm-fuzz-\(name)").path
        descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    func write(_ input: [UInt8]) {
        ftruncate(descriptor, 0)
        pwrite(descriptor, input, input.count, 0)
    }

    func remove() {
        close(descriptor)
        unlink(path)
    }
}

/// Runs a step that may throw, but not a finding: so that what comes after it is tried too.
func attempt(_ body: () throws -> Void) throws {
    do { try body() } catch let finding as Finding { throw finding } catch {}
}

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

/// A folder of its own for a test that writes files; removed after `body`.
func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "glm-fuzz-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
}
