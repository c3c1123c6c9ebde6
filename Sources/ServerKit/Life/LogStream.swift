import Domain
import Synchronization

/// Where the lines of the log go: standard error. Every line passes here, so here is where text of strangers in it, a name, a path, an
/// error of another process, becomes harmless: it ends no line, does nothing to a terminal, and is no longer than a line may be.
package struct LogStream: TextOutputStream, Sendable {
    /// Bytes of UTF-8 in a line.
    package static let limit = 8 << 10
    private static let turn = Mutex(())

    package init() {}

    /// - Parameter text: one line with its end, as the log's handler writes it.
    package mutating func write(_ text: String) {
        // A log that can't be written is no reason to end.
        Self.turn.withLock { _ in _ = try? StandardStream.error.write(Self.line(text)) }
    }

    package static func line(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let body = scalars.last == "\n" ? String(scalars.dropLast()) : text
        let line = body.printable
        return (line.utf8.count > limit ? line.prefix(bytes: limit) + " …" : line) + "\n"
    }
}
