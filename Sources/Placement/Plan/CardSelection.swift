import Domain

/// Which of the machine's cards a topology may use.
struct CardSelection {
    /// Accelerators in the order of their names, and the host last.
    let cards: [Card]
    let notes: [String]

    /// - Throws: `missingCard`, `unsupportedCard`.
    init(_ topology: Topology, _ inventory: Inventory) throws(PlacementError) {
        var cards: [Card] = []
        var notes: [String] = []
        if topology.cards.isEmpty {
            for card in inventory.accelerators {
                if let reason = Self.obstacle(card) { notes.append("\(card.device) is not used: \(reason)") } else { cards.append(card) }
            }
            if cards.isEmpty { notes.append("no accelerator: the host's processors compute") }
        } else {
            for declared in topology.cards { cards.append(try Self.card(declared, topology, inventory)) }
            let names = cards.filter { $0.source == .declared }.map(\.device.description)
            if !names.isEmpty { notes.append("\(names.joined(separator: ", ")) declared, not discovered") }
        }
        if let host = inventory.host, !cards.contains(where: \.isHost) { cards.append(host) }
        self.cards = cards
        self.notes = notes
    }

    private static func card(_ declared: Topology.DeclaredCard, _ topology: Topology, _ inventory: Inventory) throws(PlacementError) -> Card {
        let place = topology.place
        var card: Card
        if let found = inventory.cards.first(where: { $0.device == declared.device }) {
            card = found
            if let chip = declared.chip, chip != found.chip, !found.isHost {
                throw PlacementError(.missingCard, "\(place)cards declares \(declared.device) as \(chip); it is \(found.chip)")
            }
            // Memory may be declared smaller, to leave some to others.
            if let memory = declared.memory {
                card.memory = min(memory, found.memory)
                card.free = found.free.map { min($0, card.memory) }
            }
        } else if inventory.accelerators.isEmpty, let chip = declared.chip, let memory = declared.memory {
            card = Card(device: declared.device, chip: chip, memory: memory, source: .declared)
        } else {
            let known = inventory.cards.map(\.device.description).joined(separator: ", ")
            let hint = inventory.accelerators.isEmpty ? "; to plan for another machine, declare its chip and memory" : ""
            throw PlacementError(.missingCard, "\(place)cards names \(declared.device), which is not there; there are \(known)\(hint)")
        }
        if let reason = obstacle(card) {
            throw PlacementError(.unsupportedCard, "\(place)cards names \(card.device), which can't be used: \(reason)")
        }
        return card
    }

    private static func obstacle(_ card: Card) -> String? {
        if case .refused(let reason) = card.support { return reason }
        return [.critical, .absent].contains(card.health) ? "its health is \(card.health.rawValue)" : nil
    }
}
