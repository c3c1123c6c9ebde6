public import Foundation
public import Wire

/// The folder whose sockets are the fleet: a socket there is a process that can be asked what it is.
public struct RunDirectory: Sendable, Hashable {
    public let path: String

    public init(path: String) { self.path = path }

    /// `GLM_RUN_DIRECTORY`, else `glm` in `XDG_RUNTIME_DIR`, else `glm-<uid>` in the temporary folder.
    public static func standard(environment: [String: String] = ProcessInfo.processInfo.environment) -> RunDirectory {
        if let path = environment["GLM_RUN_DIRECTORY"], !path.isEmpty { return RunDirectory(path: path) }
        if let path = environment["XDG_RUNTIME_DIR"], !path.isEmpty { return RunDirectory(path: path + "/glm") }
        return RunDirectory(path: FileManager.default.temporaryDirectory.appendingPathComponent("glm-\(getuid())").path)
    }

    /// `<path>/<kind>-<instance>.sock`
    public func address(kind: String, instance: String) -> Address { .unix(path: "\(path)/\(kind)-\(instance).sock") }

    private static let folder = OwnFolder(
        name: "run directory", flag: "--run-directory", code: .runDirectory, forbidden: (0o077, "entered", "chmod 700"), followsLinks: false,
        acceptsSticky: false)

    /// Makes the folder with mode 0700 where it is missing; refuses one of another user or that others may enter.
    public func prepare() throws(ServerKitError) { try Self.folder.prepare(path) }

    /// False once somebody has removed or renamed it.
    public var exists: Bool { access(path, F_OK) == 0 }

    /// The sockets there now, by kind and instance; other files are passed over.
    /// - Throws: why the folder can't be listed.
    public func sockets() throws -> [(kind: String, instance: String, address: Address)] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted().compactMap { name in
            guard name.hasSuffix(".sock"), let dash = name.firstIndex(of: "-") else { return nil }
            let kind = String(name[..<dash])
            let instance = String(name[name.index(after: dash)...].dropLast(5))
            return kind.isEmpty || instance.isEmpty ? nil : (kind, instance, address(kind: kind, instance: instance))
        }
    }
}
