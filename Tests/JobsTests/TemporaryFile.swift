import Foundation

/// A path in a folder of its own, removed with what SQLite put beside it.
final class TemporaryFile: Sendable {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("jobs-\(UUID().uuidString)")
    var path: String { folder.appendingPathComponent("jobs.sqlite").path }

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// What is on the disk now, as a process that dies at this moment leaves it.
    func copy() throws -> TemporaryFile {
        let copy = try TemporaryFile()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try FileManager.default.copyItem(at: folder.appendingPathComponent(name), to: copy.folder.appendingPathComponent(name))
        }
        return copy
    }
}
