import Foundation
import Testing

@Suite struct GeneratedTests {
    @Test("the committed generated files are what proto/generate.sh makes of the proto files")
    func upToDate() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let fresh = FileManager.default.temporaryDirectory.appendingPathComponent("glm-generated-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: fresh) }

        let script = Process()
        let errors = Pipe()
        script.executableURL = root.appendingPathComponent("proto/generate.sh")
        script.arguments = [fresh.path]
        script.standardError = errors
        try script.run()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        script.waitUntilExit()
        // Without its tools the script names the Debian packages to install.
        #expect(script.terminationStatus == 0, "\(said)")
        guard script.terminationStatus == 0 else { return }

        let committed = root.appendingPathComponent("Sources")
        for folder in ["CWire", "Wire/Generated"] {
            let made = try files(in: fresh.appendingPathComponent(folder))
            #expect(!made.isEmpty)
            #expect(made == (try files(in: committed.appendingPathComponent(folder))), "proto/generate.sh was not run after a change")
            for name in made {
                let path = "\(folder)/\(name)"
                let same = FileManager.default.contentsEqual(
                    atPath: fresh.appendingPathComponent(path).path, andPath: committed.appendingPathComponent(path).path)
                #expect(same, "\(path) is stale: run proto/generate.sh")
            }
        }
    }

    /// Relative paths, without the two files of CWire that are written by hand.
    private func files(in folder: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { name in [".c", ".h", ".swift"].contains { name.hasSuffix($0) } && !name.contains("glm_wire") }.sorted()
    }
}
