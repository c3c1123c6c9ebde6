import Foundation

/// The programs that were built beside this test bundle.
enum Binaries {
    /// The build folder: the test bundle, or the runner of it, lies in it.
    static let folder: URL = {
        let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        let loaded = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8))?.split(separator: "\n")
            .compactMap { $0.split(separator: " ").last.map(String.init) }.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        let places = [bundle, loaded, runner].compactMap { $0?.deletingLastPathComponent() }
        return places.first { FileManager.default.isExecutableFile(atPath: $0.appendingPathComponent("glm").path) } ?? places[0]
    }()

    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")
    /// Random weights: pictures of noise, but all of the chain.
    static let model = fixtures.appendingPathComponent("tiny-f32").path
    /// Random weights: words without meaning, but all of the chain.
    static let questionModel = fixtures.appendingPathComponent("tiny-answer-f32").path
    static func image(_ name: String) -> String { fixtures.appendingPathComponent("images/\(name)").path }
}

/// A folder of a test's own; short, for the paths of sockets.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/glm-e2e-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// What the programs get as `TMPDIR`.
    var temporary: String { path + "/tmp" }
    func file(_ name: String) -> String { "\(path)/\(name)" }
    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }

    /// Files and folders in it, without the folder for temporary ones unless something is left there.
    var contents: [String] {
        let here = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let left = (try? FileManager.default.contentsOfDirectory(atPath: temporary)) ?? []
        return (here.filter { $0 != "tmp" } + left.map { "tmp/\($0)" }).sorted()
    }
}
