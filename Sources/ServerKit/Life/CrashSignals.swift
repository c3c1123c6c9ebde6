import Foundation

/// The signals of a crash end a process at once.
///
/// Swift's runtime catches them to write a backtrace, for which it starts another program. That takes up to a minute, in which the crashed
/// process keeps its sockets open: those who wait for its answer don't learn that there will be none.
enum CrashSignals {
    static let all = [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

    /// Gives them back to the kernel, unless whoever started this process has chosen by `SWIFT_BACKTRACE`.
    static func restoreDefaults(environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard environment["SWIFT_BACKTRACE", default: ""].isEmpty else { return }
        for number in all { signal(number, SIG_DFL) }
    }
}
