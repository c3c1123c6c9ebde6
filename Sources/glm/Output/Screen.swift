import Domain
import Foundation
import ServerKit
import Synchronization
import Terminal
import Wire

/// Standard error, where progress goes: the picture may go to standard output.
final class Screen: Sendable {
    private let report: Mutex<ProgressReport>
    private let isQuiet: Bool
    private let start = ContinuousClock.now
    private static let clear = "\r\u{1B}[K"

    init(quiet: Bool) {
        isQuiet = quiet
        report = Mutex(ProgressReport(isTerminal: StandardStream.error.isTerminal))
    }

    func show(_ progress: Wire.Progress) { write(report.withLock { $0.handle(progress.stage, done: progress.done, total: progress.total, at: now) }) }

    /// - Parameter unit: of what is counted.
    func show(_ name: String, done: Int, total: Int, unit: String) {
        write(report.withLock { $0.handle(name, done: done, total: total, unit: unit, at: now) })
    }

    func show(_ place: LinePlace) { write(report.withLock { $0.wait(place.text) }) }

    /// Leaves the cursor on a line of its own.
    func end() { write(report.withLock { $0.end(at: now) }) }

    /// Something between the lines of progress, in place of the one that is redrawn.
    func insert(_ text: String) {
        guard !isQuiet else { return }
        try? StandardStream.error.write((StandardStream.error.isTerminal ? Self.clear : "") + text + "\n")
    }

    func say(_ line: String) { write([.line(line)]) }

    private var now: Double { start.duration(to: .now).inSeconds }

    private func write(_ outputs: [ProgressReport.Output]) {
        guard !isQuiet, !outputs.isEmpty else { return }
        let text = outputs.map { output in
            switch output {
            case .redraw(let line): Self.clear + shown(line)
            case .finish(let line): Self.clear + shown(line) + "\n"
            case .note(let note): Self.clear + note.printable.prefix(columns: max(0, StandardStream.error.columns - 1))
            case .line(let line): TextLocale.current.spelled(line.printable) + "\n"
            }
        }.joined()
        // Progress that can't be shown is left out.
        try? StandardStream.error.write(text)
    }

    /// One column stays free: in the last one some terminals go to the next line.
    private func shown(_ line: LiveLine) -> String { line.text(columns: StandardStream.error.columns - 1, isUTF8: TextLocale.current.isUTF8) }
}

extension StandardStream {
    /// Whether lines can be drawn again.
    var isTerminal: Bool {
        let kind = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return isatty(rawValue) == 1 && !kind.isEmpty && kind != "dumb"
    }

    /// Of the terminal now, which may change at any time; 80 where it does not say.
    fileprivate var columns: Int {
        var size = winsize()
        guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
