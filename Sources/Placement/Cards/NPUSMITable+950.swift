import Domain

extension NPUSMITable {
    /// The cards of a table of the 950 family, as far as their names refuse them: number and name have columns of their own there, and no
    /// chip has one. Nil for the table of another family.
    /// - Throws: `discoveryFailed` where such a table names chips that the family doesn't have.
    static func cardsOf950(_ table: [[[Substring]]]) throws(PlacementError) -> [Card]? {
        guard let header = table.firstIndex(where: { $0[0].starts(with: ["NPU", "ID"]) }) else { return nil }
        var cards: [Card] = []
        for row in table[(header + 1)...] {
            // The second row of a chip begins with an empty cell.
            guard let number = row[0].first.flatMap({ Int($0) }), let device = DeviceID("npu:\(number)") else { continue }
            let name = (row[0].dropFirst() + (row.count > 1 ? row[1] : [])).joined(separator: " ")
            guard name.hasPrefix("950") || name.hasPrefix("Ascend950") else {
                throw PlacementError(.discoveryFailed, "npu-smi info prints the table of the 950 family, which is not supported")
            }
            cards.append(Card(device: device, chip: name, memory: 0, location: Card.Location(card: number, chip: 0, physical: nil), source: .npuSMI))
        }
        return cards
    }
}
