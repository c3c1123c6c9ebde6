public import Foundation
import Domain

/// Decides what runs where: explicit cards first, the rest by memory and then by predicted speed.
public struct Planner: Sendable {
    let topology: Topology
    /// What may be used, the host last.
    let cards: [Card]
    let models: [StageKind: ModelSize]
    private let notes: [String]
    private let usesAccelerators: Bool

    /// - Parameters:
    ///   - model: the folder of stages for which the topology names none.
    /// - Throws: `missingCard`, `unsupportedCard` or `invalidModel`.
    public init(_ topology: Topology, inventory: Inventory, model: URL? = nil) throws(PlacementError) {
        self.topology = topology
        var read: [URL: ModelSize] = [:]
        var models: [StageKind: ModelSize] = [:]
        for role in StageKind.allCases {
            guard let url = (topology[role].model ?? topology.model).map({ URL(fileURLWithPath: $0, isDirectory: true) }) ?? model else {
                throw PlacementError(.invalidModel, "no model is named for \(role.rawValue)")
            }
            if read[url] == nil { read[url] = try ModelSize(url) }
            models[role] = read[url]
        }
        self.models = models
        let selection = try CardSelection(topology, inventory)
        cards = selection.cards
        notes = inventory.notes + selection.notes
        usesAccelerators = selection.cards.contains { !$0.isHost }
    }

    /// - Throws: `missingCard` for a stage on a card that isn't there; `invalidTopology` for what a card can't compute.
    public func plan() throws(PlacementError) -> Plan {
        var layout = Layout(cards: cards.map { Plan.PlannedCard(card: $0, stages: []) }, seconds: seconds)
        for role in StageKind.allCases { try placeExplicit(role, in: &layout) }

        // How many text stages feed the others is the one open question: diffusion takes the cards that are left.
        let counts = textCounts
        var tried: [(count: Int, layout: Layout)] = []
        for count in counts { tried.append((count, try automatic(layout, text: count))) }
        var chosen = tried[0]
        for other in tried.dropFirst() where Self.better(other.layout, than: chosen.layout) { chosen = other }
        return Plan(
            cards: chosen.layout.cards.filter { !$0.card.isHost || !usesAccelerators || !$0.stages.isEmpty },
            shortages: chosen.layout.shortages, forecasts: chosen.layout.forecasts, picturesPerSecond: chosen.layout.picturesPerSecond,
            notes: notes + Self.alternatives(tried, chosen: chosen.count), limits: topology.limits, remote: topology.remote, planner: self)
    }

    // MARK: Placing

    private func placeExplicit(_ role: StageKind, in layout: inout Layout) throws(PlacementError) {
        let names = topology[role].cards
        guard !names.isEmpty else { return }
        let count: Int
        if case .count(let stated)? = topology[role].replicas { count = stated } else { count = names.count }
        for instance in 0..<count {
            let index = instance % names.count
            let guidance = topology[role].guidanceCards.isEmpty ? nil : try card(topology[role].guidanceCards[index], for: role)
            layout.add(try draft(role, String(instance), on: try card(names[index], for: role), guidance: guidance))
        }
    }

    /// - Parameter text: the number of text stages, where it is open.
    private func automatic(_ start: Layout, text: Int) throws(PlacementError) -> Layout {
        var layout = start
        for role in [StageKind.text, .vision, .diffusion] where topology[role].cards.isEmpty {
            let pool = automaticCards
            switch topology[role].replicas {
            case .count(let count)?: try place(role, count, on: pool, in: &layout)
            case .auto? where role != .vision, nil where role != .vision:
                guard usesAccelerators else {
                    try place(role, 1, on: pool, in: &layout)
                    continue
                }
                try place(role, role == .text ? text : 1, on: pool, in: &layout)
                if role == .diffusion { try fill(role, pool, in: &layout) }
            default: try place(role, 1, on: pool, in: &layout)
            }
        }
        return layout
    }

    private func place(_ role: StageKind, _ count: Int, on pool: [Card], in layout: inout Layout) throws(PlacementError) {
        for instance in 0..<count {
            var candidates: [PlannedStage] = []
            for card in pool { candidates.append(try draft(role, String(instance), on: card)) }
            if let stage = layout.best(candidates) ?? layout.roomiest(candidates) { layout.add(stage) }
        }
    }

    /// One more on each card that has none and holds it: two on a card would only share its time.
    private func fill(_ role: StageKind, _ pool: [Card], in layout: inout Layout) throws(PlacementError) {
        var instance = layout.cards.reduce(0) { $0 + $1.stages.count { $0.role == role } }
        for card in pool where layout.cards[layout.index(of: card.name)!].stages.allSatisfy({ $0.role != role }) {
            let stage = try draft(role, String(instance), on: card)
            if layout.fits(stage) {
                layout.add(stage)
                instance += 1
            }
        }
    }

    var automaticCards: [Card] { usesAccelerators ? cards.filter { !$0.isHost } : cards }

    private var textCounts: [Int] {
        let text = topology[.text]
        guard usesAccelerators, text.cards.isEmpty else { return [1] }
        if case .count? = text.replicas { return [1] }
        return Array(1...max(automaticCards.count, 1))
    }

    /// A layout that holds beats one that doesn't; more text stages must bring more than a hundredth.
    private static func better(_ a: Layout, than b: Layout) -> Bool {
        let lackingA = a.shortages.reduce(0) { $0 + $1.lacking }
        let lackingB = b.shortages.reduce(0) { $0 + $1.lacking }
        if lackingA != lackingB { return lackingA < lackingB }
        return a.picturesPerSecond > 1.01 * b.picturesPerSecond
    }

    private static func alternatives(_ tried: [(count: Int, layout: Layout)], chosen: Int) -> [String] {
        tried.filter { abs($0.count - chosen) == 1 && $0.layout.shortages.isEmpty }.map { count, layout in
            let diffusion = layout.forecasts.first { $0.role == .diffusion }?.replicas ?? 0
            return "with \(count) text and \(diffusion) diffusion it would be one every ~\(Self.interval(layout.picturesPerSecond))"
        }
    }

    /// Between two pictures, as precise as a prediction deserves: `6.3 s`, `44 s`, `0.017 s`.
    static func interval(_ picturesPerSecond: Double) -> String {
        let seconds = 1 / picturesPerSecond
        let scale: Double = seconds >= 10 ? 1 : seconds >= 1 ? 10 : 1000
        return scale == 1 ? "\(Int(seconds.rounded())) s" : "\((seconds * scale).rounded() / scale) s"
    }

    // MARK: Drafts

    private func card(_ name: String, for role: StageKind) throws(PlacementError) -> Card {
        if let card = cards.first(where: { $0.name == name }) { return card }
        let known = cards.map(\.name).joined(separator: ", ")
        throw PlacementError(
            .missingCard, "\(topology.file.map { "\($0): " } ?? "")stages.\(role.rawValue) names \(name), which is not there; there are \(known)")
    }

    func draft(
        _ role: StageKind, _ instance: String, on card: Card, guidance: Card? = nil, model: ModelSize? = nil
    ) throws(PlacementError) -> PlannedStage {
        let asked = topology[role]
        let model = model ?? models[role]!
        if !card.isHost, asked.precision == .f32 {
            throw PlacementError(
                .invalidTopology, "\(topology.file.map { "\($0): " } ?? "")stages.\(role.rawValue).precision is f32; \(card.name) computes in bf16")
        }
        let batch = batch(role, on: card)
        if !card.isHost, batch > Self.cardBatch {
            throw PlacementError(
                .invalidTopology,
                "\(topology.file.map { "\($0): " } ?? "")stages.text.batch is \(batch); \(card.name) draws at most \(Self.cardBatch) together")
        }
        let precision = asked.precision ?? (card.isHost ? .f32 : .bf16)
        let needs = StageNeeds(
            model: model, limits: topology.limits, onHost: card.isHost, precision: precision, batch: batch, vaeTiling: asked.vaeTiling)
        return PlannedStage(
            role: role, instance: instance, card: card.name, logical: card.logical, model: model.path, batch: batch,
            precision: precision, threads: card.isHost ? asked.threads : nil, vaeTiling: asked.vaeTiling,
            needs: needs.needs(role),
            guidance: guidance.map { PlannedStage.Guidance(card: $0.name, logical: $0.logical, needs: needs.guidance) })
    }

    /// The decoder's step is bound by reading the weights on an accelerator, so a batch is nearly free there; on the host it is less so.
    private func batch(_ role: StageKind, on card: Card) -> Int { role == .text ? topology[role].batch ?? (card.isHost ? 4 : 16) : 1 }

    /// Sequences whose rows have the same bits alone and together on a card: `AscendDevice.batchRows`.
    private static let cardBatch = 16

    var seconds: @Sendable (StageKind, Card) -> Double {
        { role, card in
            guard case .figures(let figures) = card.support, let model = models[role] else { return .infinity }
            return StageSeconds(model: model).seconds(role, on: figures, batch: batch(role, on: card))
        }
    }
}
