/// Columns under one another.
enum TextTable {
    /// Each column as wide as its longest cell; two blanks between columns.
    static func lines(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { line($0, widths) }
    }

    static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            line += cell
            if index + 1 < cells.count { line += String(repeating: " ", count: max(0, widths[index] - cell.count) + 2) }
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
