import Domain
import Wire

/// What is shown while a picture is made: the decisions, without clocks or terminals.
///
/// On a terminal, one line for each stage that is redrawn while it works; else plain lines: a stage's start, every tenth of
/// its work, its end.
struct ProgressReport {
    /// What is to be written.
    enum Output: Hashable {
        /// In place of the live line.
        case redraw(String)
        /// In place of the live line, which then stays.
        case finish(String)
        /// A line of its own.
        case line(String)
    }

    private struct Stage {
        var name: String
        var started: Double
        var done = 0
        var total: Int
        var toldTenths = 0
        var isOver = false
    }

    private static let bar = 24
    /// Seconds between two redraws.
    private static let redrawInterval = 0.1

    let isTerminal: Bool
    private var stage: Stage?
    private var lastDraw = -1.0

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// - Parameter time: seconds from any moment on.
    mutating func handle(_ progress: Progress, at time: Double) -> [Output] {
        var outputs: [Output] = []
        if stage?.name != progress.stage {
            outputs += end(at: time)
            stage = Stage(name: progress.stage, started: time, total: progress.total)
            lastDraw = -1
            if !isTerminal { outputs.append(.line("\(label): started, \(progress.total) \(unit)")) }
        }
        guard var stage else { return outputs }
        stage.done = progress.done
        stage.total = progress.total
        self.stage = stage
        if stage.total > 0, stage.done >= stage.total { return outputs + end(at: time) }
        if isTerminal {
            guard lastDraw < 0 || time - lastDraw >= Self.redrawInterval else { return outputs }
            lastDraw = time
            outputs.append(.redraw(live(at: time)))
        } else if stage.total > 0, stage.done * 10 / stage.total > stage.toldTenths {
            self.stage?.toldTenths = stage.done * 10 / stage.total
            outputs.append(.line("\(label): \(stage.done)/\(stage.total), \(seconds(time - stage.started))"))
        }
        return outputs
    }

    /// The request is over, well or not.
    mutating func end(at time: Double) -> [Output] {
        guard let stage, !stage.isOver else { return [] }
        self.stage?.isOver = true
        let isComplete = stage.done >= stage.total
        if isTerminal { return [.finish(live(at: time))] }
        return isComplete ? [.line("\(label): done, \(stage.total) \(unit) in \(seconds(time - stage.started))")] : []
    }

    private var label: String { stage?.name ?? "" }

    private var unit: String { StageKind(rawValue: label)?.descriptor.unit ?? "steps" }

    private func live(at time: Double) -> String {
        guard let stage else { return "" }
        let filled = stage.total > 0 ? min(stage.done * Self.bar / stage.total, Self.bar) : 0
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: Self.bar - filled)
        let elapsed = time - stage.started
        let rate = elapsed > 0 && stage.done > 0 ? ", \(rounded(Double(stage.done) / elapsed)) \(unit)/s" : ""
        let name = stage.name + String(repeating: " ", count: max(0, 9 - stage.name.count))
        return "\(name) \(bar) \(stage.done)/\(stage.total)\(rate), \(seconds(elapsed))"
    }

    private func seconds(_ value: Double) -> String { "\(rounded(value)) s" }

    private func rounded(_ value: Double) -> String {
        value >= 100 ? "\(Int(value.rounded()))" : "\((value * 10).rounded() / 10)"
    }
}
