import Foundation
import ServerKit
import Synchronization
import Wire

/// Standard error, where progress goes: the picture may go to standard output.
final class Screen: Sendable {
    private let report: Mutex<ProgressReport>
    private let isQuiet: Bool
    private let start = ContinuousClock.now

    init(quiet: Bool) {
        isQuiet = quiet
        report = Mutex(ProgressReport(isTerminal: isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"))
    }

    func show(_ progress: Wire.Progress) { write(report.withLock { $0.handle(progress, at: now) }) }

    /// Leaves the cursor on a line of its own.
    func end() { write(report.withLock { $0.end(at: now) }) }

    func say(_ line: String) { write([.line(line)]) }

    private var now: Double { start.duration(to: .now).inSeconds }

    private func write(_ outputs: [ProgressReport.Output]) {
        guard !isQuiet, !outputs.isEmpty else { return }
        let clear = "\r\u{1B}[K"
        let text = outputs.map { output in
            switch output {
            case .redraw(let line): clear + line
            case .finish(let line): clear + line + "\n"
            case .line(let line): line + "\n"
            }
        }.joined()
        // Progress that can't be shown is left out.
        try? StandardStream.error.write(text)
    }
}
