import Foundation
import Testing

@Suite struct GeneratedTests {
    @Test("the committed C codec and descriptors are what proto/generate.sh makes of the proto files")
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

        let committed = root.appendingPathComponent("Sources/CWire")
        let made = try files(in: fresh)
        #expect(made == (try files(in: committed)).filter { !$0.contains("glm_wire") }, "proto/generate.sh was not run after a change")
        for name in made {
            let same = FileManager.default.contentsEqual(
                atPath: fresh.appendingPathComponent(name).path, andPath: committed.appendingPathComponent(name).path)
            #expect(same, "\(name) is stale: run proto/generate.sh")
        }
    }

    private func files(in folder: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".c") || $0.hasSuffix(".h") }.sorted()
    }
}
