import Domain
import Files
import Foundation

/// Standard output and standard error, which may be closed, full, or read by nobody: that is an error of the write, never the end of
/// the process.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// The text can't be written.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let stream: StandardStream
        /// `errno` of the write.
        public let code: Int32

        /// Whoever read it has stopped, as `head` does: no failure that anybody wants to hear of.
        public var isReaderGone: Bool { code == EPIPE }
        public var description: String {
            "\(stream == .output ? "standard output" : "standard error") can't be written: \(String(cString: strerror(code)))"
        }
    }

    /// To be called first in a program: a broken pipe is an error and no signal, and a stream that is closed stays unwritable, instead of
    /// becoming the first file or socket that is opened.
    public static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest free descriptor is this one.
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// Writes all of it, as it is.
    public func write(_ text: String) throws(Failure) {
        let code = writeAll(Array(text.utf8), to: rawValue)
        guard code == 0 else { throw Failure(stream: self, code: code) }
    }

    /// Writes lines for a person: whoever wrote parts of them, they do nothing to a terminal, and the locale has all our signs.
    public func writeLines(_ text: String) throws(Failure) { try write(TextLocale.current.spelled(text.printableLines) + "\n") }
}
