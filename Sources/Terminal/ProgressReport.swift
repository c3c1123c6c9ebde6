import Domain

/// What is shown while a picture is made, or other work goes on: the decisions, without clocks or terminals.
///
/// On a terminal, one line for each stage that is redrawn while it works; else plain lines: a stage's start, every tenth of
/// its work, its end.
package struct ProgressReport: Sendable {
    /// What is to be written.
    package enum Output: Hashable, Sendable {
        /// In place of the live line.
        case redraw(LiveLine)
        /// In place of the live line, which then stays.
        case finish(LiveLine)
        /// Text in place of the live line, until the next.
        case note(String)
        /// A line of its own.
        case line(String)
    }

    private struct Stage {
        let name, unit: String
        let started: Double
        var done = 0
        var total: Int
        var toldTenths = 0
        var isOver = false

        var tenths: Int { total > 0 ? Int(10 * Double(done) / Double(total)) : 0 }
    }

    /// Seconds between two redraws.
    private static let redrawInterval = 0.1

    private let isTerminal: Bool
    private var stage: Stage?
    private var lastDraw = -1.0
    private var isWaiting = false

    package init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// - Parameters:
    ///   - name: the stage's kind, or what else is being done.
    ///   - unit: of what is counted; nil: as the stage counts.
    ///   - time: seconds from any moment on.
    package mutating func handle(_ name: String, done: Int, total: Int, unit: String? = nil, at time: Double) -> [Output] {
        var outputs: [Output] = []
        isWaiting = false
        if stage?.name != name {
            outputs += end(at: time)
            let unit = unit ?? StageKind(rawValue: name)?.descriptor.unit ?? "steps"
            stage = Stage(name: name, unit: unit, started: time, total: total)
            lastDraw = -1
            if !isTerminal { outputs.append(.line("\(label): started, \(total) \(unit)")) }
        }
        guard var stage else { return outputs }
        stage.done = done
        stage.total = total
        self.stage = stage
        if stage.total > 0, stage.done >= stage.total { return outputs + end(at: time) }
        if isTerminal {
            guard lastDraw < 0 || time - lastDraw >= Self.redrawInterval else { return outputs }
            lastDraw = time
            outputs.append(.redraw(live(stage, at: time)))
        } else if stage.tenths > stage.toldTenths {
            self.stage?.toldTenths = stage.tenths
            outputs.append(.line("\(label): \(stage.done)/\(stage.total), \(seconds(time - stage.started))"))
        }
        return outputs
    }

    /// The request waits for its turn.
    /// - Parameter place: of the request, in words; where there is no terminal only the first is told.
    package mutating func wait(_ place: String) -> [Output] {
        defer { isWaiting = true }
        if isTerminal { return [.note("queued, \(place)")] }
        return isWaiting ? [] : [.line("queued, \(place)")]
    }

    /// The request is over, well or not.
    package mutating func end(at time: Double) -> [Output] {
        if isWaiting, isTerminal {
            isWaiting = false
            stage?.isOver = true
            return [.line("")]
        }
        guard let stage, !stage.isOver else { return [] }
        self.stage?.isOver = true
        let isComplete = stage.done >= stage.total
        if isTerminal { return [.finish(live(stage, at: time))] }
        return isComplete ? [.line("\(label): done, \(stage.total) \(unit) in \(seconds(time - stage.started))")] : []
    }

    private var label: String { (stage?.name ?? "").printable }

    private var unit: String { stage?.unit ?? "steps" }

    private func live(_ stage: Stage, at time: Double) -> LiveLine {
        LiveLine(stage: stage.name, done: stage.done, total: stage.total, unit: unit, elapsed: time - stage.started)
    }

    private func seconds(_ value: Double) -> String { "\(rounded(value)) s" }
}
