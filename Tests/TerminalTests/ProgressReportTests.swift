import Terminal
import Testing

@Suite struct ProgressReportTests {
    @Test("where there is no terminal: a line for the start, every tenth and the end of each stage, harmless whatever the stage is called")
    func lines() {
        var report = ProgressReport(isTerminal: false)
        var outputs: [ProgressReport.Output] = []
        for done in 0...20 { outputs += report.handle("text", done: done, total: 20, at: Double(done)) }
        outputs += report.handle("a\u{1B}", done: 0, total: 1, at: 21) + report.end(at: 22) + report.end(at: 23)
        #expect(
            outputs == [.line("text: started, 20 tokens")] + (1...9).map { .line("text: \(2 * $0)/20, \(2 * $0).0 s") } + [
                .line("text: done, 20 tokens in 20.0 s"), .line(#"a\u{1B}: started, 1 steps"#),
            ])
    }

    @Test("a place in line is a note that the next line takes the place of; without a terminal only the first is told")
    func waits() {
        var live = ProgressReport(isTerminal: true)
        #expect(live.wait("2 ahead") == [.note("queued, 2 ahead")] && live.wait("1 ahead") == [.note("queued, 1 ahead")])
        // The note stays, and the cursor is on a line of its own.
        #expect(live.end(at: 1) == [.line("")] && live.end(at: 2).isEmpty)
        // A stage that was left without an end is over with it.
        _ = live.handle("text", done: 5, total: 20, at: 3)
        _ = live.wait("2 ahead")
        #expect(live.end(at: 4) == [.line("")] && live.end(at: 5).isEmpty)
        var plain = ProgressReport(isTerminal: false)
        #expect(plain.wait("2 ahead") == [.line("queued, 2 ahead")] && plain.wait("1 ahead").isEmpty && plain.end(at: 1).isEmpty)
    }

    @Test("on a terminal one live line for each stage, redrawn ten times a second at most; its last state stays")
    func live() {
        var report = ProgressReport(isTerminal: true)
        func line(_ stage: String, _ done: Int, _ elapsed: Double) -> LiveLine {
            LiveLine(stage: stage, done: done, total: 4, unit: stage == "text" ? "tokens" : "steps", elapsed: elapsed)
        }
        #expect(report.handle("text", done: 1, total: 4, at: 0) == [.redraw(line("text", 1, 0))])
        #expect(report.handle("text", done: 2, total: 4, at: 0.0625).isEmpty)
        #expect(report.handle("text", done: 3, total: 4, at: 0.125) == [.redraw(line("text", 3, 0.125))])
        #expect(report.handle("text", done: 4, total: 4, at: 0.25) == [.finish(line("text", 4, 0.25))])
        #expect(report.handle("diffusion", done: 0, total: 4, at: 1) == [.redraw(line("diffusion", 0, 0))])
        #expect(report.end(at: 2) == [.finish(line("diffusion", 0, 1))])
        #expect(report.end(at: 3).isEmpty)
    }
}
