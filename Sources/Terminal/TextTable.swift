import Domain

/// Columns under one another. Cells may hold what others wrote.
package enum TextTable {
    /// Each column as wide as its longest cell; two blanks between columns.
    package static func lines(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].printable.columns : 0 }.max() ?? 0 }
        return rows.map { line($0, widths) }
    }

    package static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.map(\.printable).enumerated() {
            line += index + 1 < cells.count ? cell.padded(to: widths[index]) + "  " : cell
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
