import Foundation
import Gateway
import Testing
import Wire

@Suite struct ModelRootsTests {
    /// `models/a`, `models2/b`, and links between them.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.resolvingSymlinksInPath().appendingPathComponent("roots-\(UUID().uuidString)").path
        for name in ["models/a", "models2/b"] { try files.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true) }
        defer { try? files.removeItem(atPath: folder) }
        try Data().write(to: URL(fileURLWithPath: "\(folder)/models/file"))
        try files.createSymbolicLink(atPath: "\(folder)/models/out", withDestinationPath: "\(folder)/models2/b")
        try files.createSymbolicLink(atPath: "\(folder)/models2/in", withDestinationPath: "\(folder)/models/a")
        try body(folder)
    }

    @Test("a folder within a root is taken, however it is written, with its links resolved")
    func within() throws {
        try inFolder { (folder: String) throws in
            let roots = ModelRoots(["\(folder)/models"])
            for path in ["models/a", "models2/in", "models/../models/./a/", "models2/../models/a"] {
                #expect(try roots.folder("\(folder)/\(path)") == "\(folder)/models/a")
            }
            #expect(try roots.folder("\(folder)/models") == "\(folder)/models")
            #expect(try ModelRoots(["/"]).folder("\(folder)/models/out") == "\(folder)/models2/b")
        }
    }

    @Test("what lies elsewhere, what there is not, what is no folder and what is no absolute path are refused in the same words")
    func elsewhere() throws {
        try inFolder { (folder: String) throws in
            let roots = ModelRoots(["\(folder)/models"])
            let paths = [
                "\(folder)/models2/b", "\(folder)/models2", "\(folder)/models2/nothing", "\(folder)/models/nothing", "\(folder)/models/file",
                "\(folder)/models/out", "\(folder)/models/..", "/etc", "/etc/passwd", "/root/secret", "/", "/proc/self/cwd", "models/a", "--help", "",
                "\(folder)/models/a\0",
            ]
            for path in paths {
                #expect(
                    throws: CallError(
                        .failedPrecondition, "\(path) is no folder within \(folder)/models; the gateway's --model-root names others")
                ) { try roots.folder(path) }
            }
        }
    }

    @Test("without roots of their own, the folders beside the present models are taken; without models, none")
    func besides() throws {
        try inFolder { (folder: String) throws in
            let roots = ModelRoots(besides: ["\(folder)/models2/b"])
            #expect(try roots.folder("\(folder)/models2/b") == "\(folder)/models2/b")
            #expect(throws: CallError.self) { try roots.folder("\(folder)/models/a") }
            #expect(throws: CallError.self) { try ModelRoots(besides: []).folder("\(folder)/models/a") }
            // A model that lies directly below the root does not open all of the machine.
            #expect(throws: CallError.self) { try ModelRoots(besides: ["/etc"]).folder("\(folder)/models/a") }
        }
    }
}
