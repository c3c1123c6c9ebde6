public import Foundation

extension ModelFolder {
    /// What people call the model.
    public var name: String { Self.name(of: url) }

    /// The folder's last component; `org/name` for a snapshot in Hugging Face's cache, `models--org--name/snapshots/REVISION`.
    public static func name(of folder: URL) -> String {
        let path = Array(folder.standardizedFileURL.pathComponents.suffix(3))
        let prefix = "models--"
        guard path.count == 3, path[1] == "snapshots", path[0].hasPrefix(prefix) else { return path.last ?? folder.path }
        return path[0].dropFirst(prefix.count).replacingOccurrences(of: "--", with: "/")
    }
}
