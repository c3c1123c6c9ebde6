public import ArgumentParser
import Foundation

/// How our programs start and which code they end with: 0 done, 1 failed, 2 wrong usage.
public enum Launch {
    /// Ends the process at once, with code 1 and last words for whoever started it.
    public static func fail(_ message: String) -> Never {
        FileHandle(fileDescriptor: STDERR_FILENO).write(Data("Error: \(message)\n".utf8))
        FileHandle(fileDescriptor: STDOUT_FILENO).write(Data("failed \(message)\n".utf8))
        exit(1)
    }

    /// The whole `main` of a program.
    /// - Parameter announcesFailure: whoever started it reads its standard output: after `ready`, or instead of it, a line
    ///   `failed MESSAGE` says why it ends.
    public static func main<Command: AsyncParsableCommand>(_ type: Command.Type, arguments: [String]? = nil, announcesFailure: Bool = false) async
        -> Never
    {
        do {
            var command = try Command.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(0)
        } catch {
            let code = Command.exitCode(for: error)
            let message = Command.fullMessage(for: error)
            if !message.isEmpty { FileHandle(fileDescriptor: code.isSuccess ? STDOUT_FILENO : STDERR_FILENO).write(Data((message + "\n").utf8)) }
            if announcesFailure, !code.isSuccess, let line = Command.message(for: error).split(separator: "\n").first {
                FileHandle(fileDescriptor: STDOUT_FILENO).write(Data("failed \(line)\n".utf8))
            }
            exit(code.isSuccess ? 0 : code == .validationFailure ? 2 : 1)
        }
    }
}
