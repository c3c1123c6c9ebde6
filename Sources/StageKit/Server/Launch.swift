public import ArgumentParser
import Foundation

/// How our programs start and which code they end with: 0 done, 1 failed, 2 wrong usage.
public enum Launch {
    /// The whole `main` of a program.
    public static func main<Command: AsyncParsableCommand>(_ type: Command.Type, arguments: [String]? = nil) async -> Never {
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
            exit(code.isSuccess ? 0 : code == .validationFailure ? 2 : 1)
        }
    }
}
