import Glibc

/// An empty file with a name of its own, for this user alone, beside the one that it is to become; its name is short, however long the other's is.
struct DraftFile {
    let name: String
    /// Open for writing.
    let descriptor: Int32

    /// Nil where none can be made: `errno` says why.
    init?(in folder: String) {
        var name = Array("\(folder)/.glm-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.name = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
