import Glibc

/// Why a file can't be read or written, with the system's reason.
package struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// `errno`; 0 where the reason is not the system's.
    package let code: Int32

    package init(_ description: String) {
        self.description = description
        code = 0
    }

    /// - Parameter what: as in `a.png can't be written`.
    init(_ what: String, code: Int32) {
        description = "\(what): \(String(cString: strerror(code)))"
        self.code = code
    }
}
