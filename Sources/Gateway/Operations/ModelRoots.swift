import Foundation
package import Wire

/// The folders that a swap may take models from: those that the operator named, else those that hold the present models.
package struct ModelRoots: Sendable {
    /// Links resolved.
    private let roots: [String]

    package init(_ paths: [String]) { roots = Set(paths.compactMap(Self.resolved)).sorted() }

    /// The folders that hold these models; of one directly below `/`, itself.
    package init(besides models: [String]) {
        self.init(
            models.compactMap(Self.resolved).map { model in
                let parent = URL(fileURLWithPath: model).deletingLastPathComponent().path
                return parent == "/" ? model : parent
            })
    }

    /// The folder with all links resolved.
    /// - Throws: FAILED_PRECONDITION in the same words for one elsewhere and for none: nobody learns what there is elsewhere.
    package func folder(_ path: String) throws(CallError) -> String {
        if path.hasPrefix("/"), let folder = Self.resolved(path), roots.contains(where: { Self.isWithin($0, folder) }) { return folder }
        throw CallError(
            .failedPrecondition,
            "\(path) is no folder within \(roots.isEmpty ? "any that models are taken from" : roots.joined(separator: " or ")); "
                + "the gateway's --model-root names others")
    }

    private static func isWithin(_ root: String, _ folder: String) -> Bool { folder == root || folder.hasPrefix(root == "/" ? root : root + "/") }

    /// Nil for what is no folder.
    private static func resolved(_ path: String) -> String? {
        var isFolder: ObjCBool = false
        guard !path.utf8.contains(0), let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        let name = String(cString: resolved)
        return FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) && isFolder.boolValue ? name : nil
    }
}
