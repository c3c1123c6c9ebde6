import Foundation

/// A folder that is this user's own, and what others may not do with it.
struct OwnFolder {
    /// In messages: `run directory`.
    let name: String
    /// The flag that chooses another, for messages.
    let flag: String
    let code: ServerKitError.Code
    /// Bits of the mode that it may not have, what they would let others do, and how to mend it.
    let forbidden: (bits: mode_t, means: String, remedy: String)
    /// Whether it may be reached by a symbolic link, as systemd makes them.
    let followsLinks: Bool
    /// Whether others may write to it where its sticky bit keeps them from renaming and removing our files.
    let acceptsSticky: Bool

    /// Makes the folder with mode 0700 where it is missing; refuses one of another user, and one that is open to others.
    func prepare(_ path: String) throws(ServerKitError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw ServerKitError(code, "\(name) \(path): \(String(cString: strerror(errno)))") }
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ServerKitError(code, "\(name) \(path) is not a directory")
        }
        guard status.st_uid == getuid() else {
            throw ServerKitError(code, "\(name) \(path) belongs to user \(status.st_uid), we are \(getuid()); choose another by \(flag)")
        }
        guard status.st_mode & forbidden.bits == 0 || acceptsSticky && status.st_mode & S_ISVTX != 0 else {
            throw ServerKitError(
                code,
                "\(name) \(path) may be \(forbidden.means) by others (mode \(String(status.st_mode & 0o777, radix: 8))); \(forbidden.remedy) it")
        }
    }
}

/// The folder of what outlives a process. Whoever may write to it could put links where files are looked for.
public enum StateDirectory {
    private static let folder = OwnFolder(
        name: "state directory", flag: "--state-directory", code: .stateDirectory, forbidden: (0o022, "written to", "chmod go-w"),
        followsLinks: true, acceptsSticky: true)

    /// Makes the folder with mode 0700 where it is missing; refuses one of another user, or that others may write to. Of a mount point with
    /// the sticky bit, as a new tmpfs has it, our files are safe: those that are opened there are checked, and links are not followed.
    public static func prepare(_ path: String) throws(ServerKitError) { try folder.prepare(path) }
}
