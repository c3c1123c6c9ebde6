import Foundation
import Glibc

/// A folder that is written as a whole or not at all: what is made lies in `NAME.partial` beside its place until it is complete. Nothing
/// that is there is replaced.
package struct OutputFolder: Sendable, Hashable {
    package let path: String
    /// Where its files are made.
    package var partial: String { "\(path).partial" }

    /// Makes the folder for what is not complete yet.
    /// - Throws: `FileError` where there is something in either place, or nothing can be made there.
    package init(_ path: String) throws(FileError) {
        self.path = path
        var status = stat()
        guard lstat(path, &status) != 0 else { throw FileError("\(path) is there already; nothing is overwritten") }
        guard mkdir(partial, 0o777) == 0 else {
            let code = errno
            guard code != EEXIST else {
                throw FileError("\(partial) is there, left of a run that was killed, or of one that still runs; remove it first")
            }
            throw FileError("\(partial) can't be made", code: code)
        }
    }

    /// Bytes that the file system has left for this process.
    package var freeBytes: Int? {
        var status = statvfs()
        guard statvfs(partial, &status) == 0 else { return nil }
        let (bytes, overflow) = Int(clamping: status.f_bavail).multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        return overflow ? nil : bytes
    }

    /// Puts the folder, now complete, in its place.
    package func complete() throws(FileError) {
        // An empty folder that somebody made there meanwhile would be replaced; one with anything in it is an error.
        guard rename(partial, path) == 0 else { throw FileError("\(path) can't be put in its place", code: errno) }
        let parent = open(OutputPlace.folder(of: path), O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard parent >= 0 else { return }
        fsync(parent)
        close(parent)
    }

    /// Removes what was made.
    package func discard() { try? FileManager.default.removeItem(atPath: partial) }
}
