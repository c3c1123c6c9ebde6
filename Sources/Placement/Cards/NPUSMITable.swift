import Domain

/// `npu-smi info` as printed by its versions for 910A, 910B, A3 and 310P, and of the 950 family as far as it is refused.
///
/// Widths and columns differ by version, so rows are split at `|` and then at blanks. A chip has two rows: number and name,
/// health, power and temperature; then chip with what the header's second line names beside it, bus, and uses of memory.
package struct NPUSMITable {
    package let cards: [Card]

    /// - Throws: `discoveryFailed` for what isn't such a table.
    package init(_ text: String) throws(PlacementError) {
        let lines = text.split(separator: "\n").map(String.init)
        // Processes have a table of their own, below.
        let end = lines.firstIndex { $0.contains("Process") } ?? lines.count
        // A line of nothing but bars has no cells, and is no row.
        let table = lines[..<end].filter { $0.hasPrefix("|") }.map(Self.cells).filter { !$0.isEmpty }
        if let cards = try Self.cardsOf950(table) {
            self.cards = cards
            return
        }
        guard let header = table.firstIndex(where: { $0[0].starts(with: ["NPU", "Name"]) && $0.count >= 3 }), header + 1 < table.count else {
            let first = lines.first { !$0.hasPrefix("+") }?.trimmingPrefix { $0 == "|" || $0 == " " } ?? ""
            throw PlacementError(.discoveryFailed, "npu-smi info prints no table of NPUs; it begins with \"\(first)\"")
        }
        let hasPhysical = table[header + 1][0].contains("Phy-ID")
        let rows = Array(table[(header + 2)...])
        guard rows.count % 2 == 0 else { throw PlacementError(.discoveryFailed, "npu-smi info prints \(rows.count) rows of NPUs, not two for each") }
        var cards: [Card] = []
        for index in stride(from: 0, to: rows.count, by: 2) {
            cards.append(try Self.card(rows[index], rows[index + 1], logical: cards.count, hasPhysical: hasPhysical))
        }
        self.cards = cards
    }

    private static func cells(_ line: String) -> [[Substring]] { line.split(separator: "|").map { $0.split(separator: " ") } }

    /// - Parameter logical: the runtime numbers the dies in the order of the table.
    private static func card(_ first: [[Substring]], _ second: [[Substring]], logical: Int, hasPhysical: Bool) throws(PlacementError) -> Card {
        func shown(_ row: [[Substring]]) -> String { row.map { $0.joined(separator: " ") }.joined(separator: " | ") }
        guard first.count >= 3, second.count >= 3, first[0].count >= 2, let board = Int(first[0][0]), let chip = second[0].first.flatMap({ Int($0) })
        else {
            throw PlacementError(.discoveryFailed, "npu-smi info prints rows that are no NPU: \(shown(first)); \(shown(second))")
        }
        guard let memory = memory(second[2]) else {
            throw PlacementError(.discoveryFailed, "npu-smi info prints no memory for NPU \(board): \(shown(second))")
        }
        return Card(
            device: .npu(logical), chip: first[0][1...].joined(separator: " "), memory: memory.total * ByteCount.mebibyte,
            free: max(0, memory.total - memory.used) * ByteCount.mebibyte, health: health(first[1].first ?? ""),
            temperature: first[2].dropFirst().first.flatMap { Int($0) }.flatMap(Card.plausible(temperature:)),
            power: first[2].first.flatMap { Double($0) }.flatMap(Card.plausible(power:)),
            location: Card.Location(card: board, chip: chip, physical: hasPhysical ? second[0].dropFirst().first.flatMap { Int($0) } : nil),
            source: .npuSMI)
    }

    /// The last `used / total` with a total is the chip's own memory: HBM where there is any. In MiB.
    private static func memory(_ cells: [Substring]) -> (used: Int, total: Int)? {
        // `3197/ 65536` and `3197 / 65536` both occur.
        let words = cells.joined(separator: " ").replacing("/", with: " / ").split(separator: " ")
        for slash in words.indices.reversed() where words[slash] == "/" && slash > 0 && slash + 1 < words.count {
            if let used = Int(words[slash - 1]), let total = Int(words[slash + 1]), used >= 0, (1...Card.mostMebibytes).contains(total) {
                return (used, total)
            }
        }
        return nil
    }

    private static func health(_ word: Substring) -> Card.Health {
        switch word {
        case "OK": .ok
        case "Warning": .minor
        case "Alarm": .major
        case "Critical": .critical
        default: .unknown
        }
    }
}
