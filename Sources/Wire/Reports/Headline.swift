extension StageDescription {
    /// How the process is, in a line: the first of `glm status`, and what systemd shows of its unit.
    /// - Parameter problems: why it is not ready although it runs, the most important first.
    package func headline(problems: [String] = []) -> String {
        let work = "\(running) running" + (queued > 0 ? ", \(queued) waiting" : "")
        if state == .draining { return "DRAINING: \(work)" }
        if let problem = problems.first { return "NOT READY: \(problem)" }
        return state == .serving ? "serving: \(work)" : "starting"
    }
}
