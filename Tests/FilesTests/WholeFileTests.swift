import Files
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) final class WholeFileTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/glm-files-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }
    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    @Test("a file appears when it is kept, with all that was written, for its owner alone, and nothing beside it")
    func kept() throws {
        do {
            let file = try WholeFile(path("a"))
            try file.append([1, 2])
            try file.append([3])
            #expect(file.bytes == 3)
            #expect(!FileManager.default.fileExists(atPath: path("a")))
            try file.keep()
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path("a"))) == Data([1, 2, 3]))
        #expect(try FileManager.default.attributesOfItem(atPath: path("a"))[.posixPermissions] as? Int == 0o600)
        #expect(try names() == ["a"])
    }

    @Test("a file that is not kept leaves nothing")
    func dropped() throws {
        try WholeFile(path("a")).append([1])
        #expect(try names().isEmpty)
    }

    @Test("what is there stays as it is, a link to nothing too, and what comes there meanwhile")
    func occupied() throws {
        symlink("nowhere", path("link"))
        let link = #expect(throws: FileError.self) { _ = try WholeFile(path("link")) }
        #expect(link?.description == "\(path("link")) can't be made: File exists")

        let file = try WholeFile(path("a"))
        try file.append([1])
        try Data("theirs".utf8).write(to: URL(fileURLWithPath: path("a")))
        #expect(throws: FileError.self) { try file.keep() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path("a"))) == Data("theirs".utf8))
    }

    @Test("a folder that is not there is told")
    func missing() {
        let refused = #expect(throws: FileError.self) { _ = try WholeFile(path("none/a")) }
        #expect(refused?.description == "\(path("none/a")) can't be made: No such file or directory")
    }
}
