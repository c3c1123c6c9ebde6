import Files
import Foundation
import Testing

@Suite struct OutputFolderTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "glm-files-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func write(_ text: String, _ path: String, at offset: Int = 0) throws {
        let file = try NewFile(path)
        try Array(text.utf8).withUnsafeBytes { try file.write($0, at: offset) }
        try file.close()
    }

    @Test("a folder is in its place when it is complete, and not before")
    func complete() throws {
        try withFolder { folder in
            let output = try OutputFolder("\(folder)/out")
            #expect((output.freeBytes ?? 0) > 0)
            try write("bc", "\(output.partial)/a", at: 1)
            #expect(!FileManager.default.fileExists(atPath: output.path))
            try output.complete()
            #expect(FileManager.default.contents(atPath: "\(folder)/out/a") == Data([0, 0x62, 0x63]))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names == ["out"])
        }
    }

    @Test("what is discarded leaves nothing, and what is there is neither replaced nor added to")
    func refusals() throws {
        try withFolder { folder in
            let output = try OutputFolder("\(folder)/out")
            try write("x", "\(output.partial)/a")
            #expect(throws: FileError.self) { try NewFile("\(output.partial)/a") }
            let second = #expect(throws: FileError.self) { try OutputFolder("\(folder)/out") }
            #expect(second?.description.contains("out.partial") == true)
            output.discard()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.isEmpty)
            try FileManager.default.createDirectory(atPath: "\(folder)/out", withIntermediateDirectories: false)
            let there = #expect(throws: FileError.self) { try OutputFolder("\(folder)/out") }
            #expect(there?.description.contains("is there already") == true)
            let lost = #expect(throws: FileError.self) { try OutputFolder("\(folder)/none/out") }
            #expect(lost?.code == ENOENT)
        }
    }
}
