import Domain

/// One line that shows how far a stage has come: name, bar, count, rate and time.
package struct LiveLine: Hashable, Sendable {
    package let stage: String
    package let done, total: Int
    /// What is counted: tokens, steps.
    package let unit: String
    /// Seconds since the stage began.
    package let elapsed: Double

    package init(stage: String, done: Int, total: Int, unit: String, elapsed: Double) {
        self.stage = stage
        self.done = done
        self.total = total
        self.unit = unit
        self.elapsed = elapsed
    }

    private static let nameColumns = 9
    private static let barColumns = 4...24

    /// In at most so many columns: a narrow terminal gets a shorter bar, then none, then the beginning of the line.
    /// - Parameter isUTF8: whether the bar may be of block characters.
    package func text(columns: Int, isUTF8: Bool) -> String {
        let rate = elapsed > 0 && done > 0 ? ", \(rounded(Double(done) / elapsed)) \(unit)/s" : ""
        let name = stage.printable.padded(to: Self.nameColumns)
        let rest = "\(done)/\(total)\(rate), \(rounded(elapsed)) s"
        let width = min(columns - name.columns - rest.columns - 2, Self.barColumns.upperBound)
        let parts = width >= Self.barColumns.lowerBound ? [name, bar(width, isUTF8), rest] : [name, rest]
        return parts.joined(separator: " ").prefix(columns: max(0, columns))
    }

    private func bar(_ width: Int, _ isUTF8: Bool) -> String {
        let share = total > 0 ? max(0, min(1, Double(done) / Double(total))) : 0
        let filled = Int(share * Double(width))
        return String(repeating: isUTF8 ? "█" : "#", count: filled) + String(repeating: isUTF8 ? "·" : ".", count: width - filled)
    }
}

/// Seconds and rates as people read them.
func rounded(_ value: Double) -> String {
    value >= 100 ? value.roundedText : "\((value * 10).rounded() / 10)"
}
