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

    /// Writes all of it.
    public func write(_ text: String) throws(Failure) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(rawValue, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var ready = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
                continue
            }
            guard count > 0 else { throw Failure(stream: self, code: errno) }
            rest = rest.dropFirst(count)
        }
    }
}
