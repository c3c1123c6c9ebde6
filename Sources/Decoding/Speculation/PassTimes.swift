/// How long a pass of so many rows takes on this machine, from passes that were timed.
package struct PassTimes: Sendable, Hashable {
    private var seconds: [Double?]  // of each number of rows, from 0

    /// What a further row is assumed to cost of a pass of one row, where nothing was timed.
    private static let assumedShare = 0.15

    /// - Parameter rows: the most of a pass.
    package init(rows: Int) { seconds = Array(repeating: nil, count: rows + 1) }

    /// A pass took so long. One that was held up by something else says little: times fall at once and rise slowly.
    package mutating func observe(rows: Int, seconds time: Double) {
        guard let known = seconds[rows] else { return seconds[rows] = time }
        seconds[rows] = time < known ? (time + known) / 2 : known + 0.1 * (min(time, 2 * known) - known)
    }

    /// The time of a pass, between those that were timed where it was not; nil before any was.
    /// - Parameter row: what each row beyond those that were timed costs; nil: a share of what was.
    package func callAsFunction(_ rows: Int, beyond row: Double? = nil) -> Double? {
        let below = seconds[...rows].lastIndex { $0 != nil }
        let above = seconds[rows...].firstIndex { $0 != nil }
        switch (below, above) {
        case (let below?, let above?): return between(below, above, at: rows)
        case (let only?, nil): return row.map { (seconds[only] ?? 0) + $0 * Double(rows - only) } ?? scaled(only, to: rows)
        case (nil, let only?): return scaled(only, to: rows)
        case (nil, nil): return nil
        }
    }

    /// What a further row is assumed to cost; nil before any pass was timed.
    package var assumedRow: Double? { self(1).map { Self.assumedShare * $0 } }

    private func between(_ below: Int, _ above: Int, at rows: Int) -> Double? {
        guard let first = seconds[below], let last = seconds[above] else { return nil }
        return below == above ? first : first + (last - first) * Double(rows - below) / Double(above - below)
    }

    private func scaled(_ only: Int, to rows: Int) -> Double { (seconds[only] ?? 0) * Self.assumed(rows) / Self.assumed(only) }

    private static func assumed(_ rows: Int) -> Double { 1 + assumedShare * Double(rows - 1) }
}
