public import ArgumentParser
import Domain
import Foundation

/// How our programs start and which code they end with: 0 done, 1 failed, 2 wrong usage.
public enum Launch {
    /// Ends the process at once, with code 1 and last words for whoever started it.
    public static func fail(_ message: String) -> Never {
        try? StandardStream.error.writeLines("Error: \(message.printable)")
        try? StandardStream.output.writeLines("failed \(message.printable)")
        exit(1)
    }

    /// The whole `main` of a program.
    /// - Parameters:
    ///   - announcesFailure: whoever started it reads its standard output: after `ready`, or instead of it, a line
    ///     `failed MESSAGE` says why it ends.
    ///   - hint: what to say to wrong usage beside the message.
    public static func main<Command: AsyncParsableCommand>(
        _ type: Command.Type, arguments: [String]? = nil, announcesFailure: Bool = false,
        hint: @Sendable (_ message: String) -> String? = { _ in nil }
    ) async -> Never {
        StandardStream.prepare()
        CrashSignals.restoreDefaults()
        // The argument parser ends the process without a word where there is not even the program's name.
        guard CommandLine.argc > 0 else { fail("this program can't read its arguments, which are in /proc/self/cmdline: /proc is not mounted") }
        do {
            try checkArguments()
            var command = try Command.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(0)
        } catch {
            let code = Command.exitCode(for: error)
            var message = Command.fullMessage(for: error)
            if (error as? StandardStream.Failure)?.isReaderGone == true { exit(1) }
            if code == .validationFailure, let hint = hint(message) { message += "\n\(hint)" }
            if !message.isEmpty { try? (code.isSuccess ? StandardStream.output : .error).writeLines(message) }
            if announcesFailure, !code.isSuccess, let line = Command.message(for: error).split(separator: "\n").first {
                try? StandardStream.output.writeLines("failed \(line)")
            }
            exit(code.isSuccess ? 0 : code == .validationFailure ? 2 : 1)
        }
    }

    /// Swift repairs what is not UTF-8: a file of such a name would not be the one that is opened.
    private static func checkArguments() throws {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil else { continue }
            throw ValidationError("argument \(index), \"\(String(cString: argument))\", is not UTF-8; rename the file, or reach it by a link")
        }
    }
}
