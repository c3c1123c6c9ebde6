import Glibc

/// What a path to write to leads to, links followed.
enum OutputPlace: Hashable {
    /// Open already: standard output, or one that a shell has opened for us.
    case descriptor(Int32)
    /// A pipe or a device.
    case stream
    /// A file, there or not, by a path that is no link.
    case file(String)

    /// As many links as the kernel follows.
    private static let mostLinks = 40

    init(_ path: String) throws(FileError) {
        var place = path
        for _ in 0..<Self.mostLinks {
            if let descriptor = Self.descriptor(place) {
                self = .descriptor(descriptor)
                return
            }
            var status = stat()
            guard lstat(place, &status) == 0 else {
                guard errno == ENOENT else { throw FileError("\(path) can't be written", code: errno) }
                guard !place.hasSuffix("/"), !place.isEmpty else { throw FileError("\(path) can't be written: there is no such folder") }
                self = .file(place)
                return
            }
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                self = .file(place)
                return
            case S_IFDIR: throw FileError("\(path) is a folder")
            case S_IFSOCK: throw FileError("\(path) is a socket")
            case S_IFLNK:
                let target = try Self.target(place, path)
                // Links of /proc to pipes name no file.
                if lstat(target, &status) != 0, stat(place, &status) == 0 {
                    self = .stream
                    return
                }
                place = target
            default:
                self = .stream
                return
            }
        }
        throw FileError("\(path) can't be written", code: ELOOP)
    }

    /// `/dev/stdout` and `/dev/fd/3` may be files that somebody else writes to as well: they are written on, not replaced.
    private static func descriptor(_ path: String) -> Int32? {
        switch path {
        case "-", "/dev/stdout": STDOUT_FILENO
        case "/dev/stderr": STDERR_FILENO
        case _ where path.hasPrefix("/dev/fd/"): Int32(path.dropFirst(8))
        case _ where path.hasPrefix("/proc/self/fd/"): Int32(path.dropFirst(14))
        default: nil
        }
    }

    private static func target(_ link: String, _ path: String) throws(FileError) -> String {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &bytes, bytes.count)
        guard count >= 0 else { throw FileError("\(path) can't be written", code: errno) }
        guard let target = String(validating: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
            throw FileError("\(path) can't be written: it is a link to a name that is not UTF-8")
        }
        return target.hasPrefix("/") ? target : "\(folder(of: link))/\(target)"
    }

    /// The folder that a path's last name is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
