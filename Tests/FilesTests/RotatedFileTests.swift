import Files
import Foundation
import Testing

@Suite struct RotatedFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "glm-files-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func text(_ path: String) -> String? { FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } }

    @Test("lines follow one another; a full file becomes the youngest of those that are kept, and the oldest goes")
    func rotation() throws {
        try withFolder { folder in
            let file = RotatedFile("\(folder)/a", limit: 8, kept: 2)
            for number in 1...7 { try file.append(Array("line\(number)".utf8.dropFirst(2)) + [0x0A]) }
            #expect(text("\(folder)/a") == "ne7\n" && text("\(folder)/a.1") == "ne5\nne6\n" && text("\(folder)/a.2") == "ne3\nne4\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 3)
        }
    }

    @Test("a line that is longer than a file has one of its own")
    func longLine() throws {
        try withFolder { folder in
            let file = RotatedFile("\(folder)/a", limit: 8, kept: 1)
            try file.append([0x61])
            try file.append([UInt8](repeating: 0x62, count: 20))
            try file.append([0x63])
            #expect(text("\(folder)/a") == "c" && text("\(folder)/a.1") == String(repeating: "b", count: 20))
        }
    }

    @Test("nobody but the owner reads it, whatever mode it had")
    func mode() throws {
        try withFolder { folder in
            try Data("x\n".utf8).write(to: URL(filePath: "\(folder)/a"))
            chmod("\(folder)/a", 0o644)
            try RotatedFile("\(folder)/a", limit: 100, kept: 1).append([0x79])
            let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/a")[.posixPermissions] as? Int
            #expect(mode == 0o600 && text("\(folder)/a") == "x\ny")
        }
    }

    @Test("a file that was removed or moved away is begun anew")
    func lost() throws {
        try withFolder { folder in
            let file = RotatedFile("\(folder)/a", limit: 100, kept: 1)
            try file.append([0x61])
            try FileManager.default.moveItem(atPath: "\(folder)/a", toPath: "\(folder)/b")
            try file.append([0x62])
            #expect(text("\(folder)/a") == "b" && text("\(folder)/b") == "a")
        }
    }

    @Test("a folder, a link, a pipe, a full disk and a missing folder are errors, and nothing waits")
    func refused() throws {
        try withFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "\(folder)/target")
            mkfifo("\(folder)/pipe", 0o600)
            for path in [folder, "\(folder)/link", "\(folder)/pipe", "\(folder)/none/a", "/dev/full"] {
                #expect(throws: FileError.self, "\(path)") { try RotatedFile(path, limit: 100, kept: 1).append([0x61]) }
            }
        }
    }
}
