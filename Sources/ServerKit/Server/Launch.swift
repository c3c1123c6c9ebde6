public import ArgumentParser
import Foundation

/// How our programs start and which code they end with: 0 done, 1 failed, 2 wrong usage.
public enum Launch {
    /// Ends the process at once, with code 1 and last words for whoever started it.
    public static func fail(_ message: String) -> Never {
        try? StandardStream.error.write("Error: \(message)\n")
        try? StandardStream.output.write("failed \(message)\n")
        exit(1)
    }

    /// The whole `main` of a program.
    /// - Parameter announcesFailure: whoever started it reads its standard output: after `ready`, or instead of it, a line
    ///   `failed MESSAGE` says why it ends.
    public static func main<Command: AsyncParsableCommand>(_ type: Command.Type, arguments: [String]? = nil, announcesFailure: Bool = false) async
        -> Never
    {
        StandardStream.prepare()
        CrashSignals.restoreDefaults()
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
            if (error as? StandardStream.Failure)?.isReaderGone == true { exit(1) }
            if !message.isEmpty { try? (code.isSuccess ? StandardStream.output : .error).write(message + "\n") }
            if announcesFailure, !code.isSuccess, let line = Command.message(for: error).split(separator: "\n").first {
                try? StandardStream.output.write("failed \(line)\n")
            }
            exit(code.isSuccess ? 0 : code == .validationFailure ? 2 : 1)
        }
    }
}
