import Checkpoint
import Domain
public import Foundation
import ModelConfiguration

/// Decides what runs where: explicit devices first, the rest by memory and then by predicted speed.
public struct Planner: Sendable {
    let topology: Topology
    /// At least one.
    let models: [Topology.Model]
    /// By folder.
    let descriptions: [String: ModelDescription]
    /// What may be used, the host last.
    let cards: [Card]
    private let notes: [String]
    private let usesAccelerators: Bool

    /// - Parameter folders: of the models, where the topology names none.
    /// - Throws: `missingCard`, `unsupportedCard`, `invalidModel`; `invalidTopology` for stages that a model lacks or doesn't have.
    public init(_ topology: Topology, inventory: Inventory, models folders: [URL] = []) throws(PlacementError) {
        self.topology = topology
        models = topology.models.isEmpty ? try Topology.Model.named(folders) : topology.models
        if models.isEmpty { throw PlacementError(.invalidModel, "\(topology.place)no model is named") }
        var descriptions: [String: ModelDescription] = [:]
        let groups = StageKind.allCases.flatMap { topology.stages[$0] ?? [] }
        for folder in models.map(\.folder) + groups.compactMap(\.folder) where descriptions[folder] == nil {
            descriptions[folder] = try Self.describe(folder)
        }
        self.descriptions = descriptions
        try topology.check(models) { descriptions[$0]?.pipeline }
        let selection = try CardSelection(topology, inventory)
        cards = selection.cards
        notes = inventory.notes + selection.notes
        usesAccelerators = selection.cards.contains { !$0.isHost }
    }

    static func describe(_ folder: String) throws(PlacementError) -> ModelDescription {
        do {
            return try ModelDescription(URL(fileURLWithPath: folder, isDirectory: true))
        } catch {
            throw PlacementError(.invalidModel, "the model \(folder): \(error)")
        }
    }

    /// - Throws: `missingCard` for a stage on a device that isn't there; `invalidTopology` for what a device can't compute.
    public func plan() throws(PlacementError) -> Plan {
        var layout = Layout(cards: cards.map { Plan.PlannedCard(card: $0, stages: []) }, seconds: seconds)
        for kind in StageKind.allCases {
            for group in groups(kind) where !group.devices.isEmpty { try placeExplicit(kind, group, in: &layout) }
        }
        // How many text stages there are is the one open question: diffusion takes the cards that are left.
        var tried: [(count: Int, layout: Layout)] = []
        for count in textCounts { tried.append((count, try automatic(layout, text: count))) }
        var chosen = tried[0]
        for other in tried.dropFirst() where better(other.layout, than: chosen.layout) { chosen = other }
        return Plan(
            models: models, cards: chosen.layout.cards.filter { !$0.card.isHost || !usesAccelerators || !$0.stages.isEmpty },
            drainDeadline: DrainDeadline.forWork(of: longestImage(on: chosen.layout.cards)),
            shortages: chosen.layout.shortages, forecasts: models.flatMap { chosen.layout.forecasts(of: $0.name) },
            throughput: models.map { model in
                Plan.Throughput(
                    model: model.name, pipeline: pipeline(of: model), requestsPerSecond: chosen.layout.requestsPerSecond(of: model.name))
            },
            notes: notes + alternatives(tried, chosen: chosen.count), limits: topology.limits, remote: topology.remote, planner: self)
    }

    /// The groups of a kind, each with its model.
    func groups(_ kind: StageKind) -> [Topology.Group] {
        guard let groups = topology.stages[kind] else {
            // A topology that names several models names the stages of each.
            return topology.models.count > 1 ? [] : named(Topology.Group(), kind)
        }
        return groups.flatMap { $0.model == nil ? named($0, kind) : [$0] }
    }

    /// The stages of a file that names no model are those of each model that has such.
    private func named(_ group: Topology.Group, _ kind: StageKind) -> [Topology.Group] {
        var takers = models.filter { pipeline(of: $0).stageKinds.contains(kind) }
        if let folder = group.folder, let own = descriptions[folder]?.pipeline { takers = Array(takers.filter { pipeline(of: $0) == own }.prefix(1)) }
        return takers.map { model in
            var group = group
            group.model = model.name
            return group
        }
    }

    private func pipeline(of model: Topology.Model) -> ModelPipeline {
        guard let description = descriptions[model.folder] else { preconditionFailure("the model \(model.name) is not described") }
        return description.pipeline
    }

    // MARK: Placing

    private func placeExplicit(_ kind: StageKind, _ group: Topology.Group, in layout: inout Layout) throws(PlacementError) {
        let count: Int
        if case .count(let stated)? = group.replicas { count = stated } else { count = group.devices.count }
        for index in 0..<count {
            var places: [Card] = []
            for device in group.devices[index % group.devices.count] { places.append(try card(device, for: kind)) }
            layout.add(try draft(kind, group, layout.nextInstance(kind), on: places))
        }
    }

    /// - Parameter text: the number of text stages, where it is open.
    private func automatic(_ start: Layout, text: Int) throws(PlacementError) -> Layout {
        var layout = start
        for kind in [StageKind.text, .vision, .diffusion] {
            let open = groups(kind).filter(\.devices.isEmpty)
            for group in open {
                if case .count(let count)? = group.replicas {
                    try place(kind, group, count, in: &layout)
                } else {
                    try place(kind, group, kind == .text && usesAccelerators ? text : 1, in: &layout)
                }
            }
            if kind == .diffusion, usesAccelerators { try fill(kind, open.filter { isScaled($0, kind) }, in: &layout) }
        }
        return layout
    }

    private func place(_ kind: StageKind, _ group: Topology.Group, _ count: Int, in layout: inout Layout) throws(PlacementError) {
        let places = automaticPlaces(group)
        if places.isEmpty, count > 0 {
            throw PlacementError(
                .missingCard,
                "\(topology.place)stages.\(kind).\(group.divisionKey) is \(group.ranks); of \(automaticCards.count) accelerators no \(group.ranks) are linked with one another"
            )
        }
        for _ in 0..<count {
            var candidates: [StageSpec] = []
            for places in places { candidates.append(try draft(kind, group, layout.nextInstance(kind), on: places)) }
            if let stage = layout.best(candidates) ?? layout.roomiest(candidates) { layout.add(stage) }
        }
    }

    /// One more on each card, or group of cards, that has none and holds it, of the model that has the fewest: two on a card would only share
    /// its time.
    private func fill(_ kind: StageKind, _ groups: [Topology.Group], in layout: inout Layout) throws(PlacementError) {
        for card in automaticCards where layout.isFree(card, of: kind) {
            let counts = groups.map { group in layout.cards.flatMap(\.stages).count { $0.kind == kind && $0.model == group.model } }
            for index in groups.indices.sorted(by: { counts[$0] < counts[$1] }) {
                let free = automaticPlaces(groups[index]).filter { $0[0].device == card.device && $0.allSatisfy { layout.isFree($0, of: kind) } }
                guard let places = free.first else { continue }
                let stage = try draft(kind, groups[index], layout.nextInstance(kind), on: places)
                guard layout.fits(stage) else { continue }
                layout.add(stage)
                break
            }
        }
    }

    private var automaticCards: [Card] { usesAccelerators ? cards.filter { !$0.isHost } : cards }

    /// Where a stage of the group may go that names no devices: any card, or cards that are linked well, for one pass at a time.
    func automaticPlaces(_ group: Topology.Group) -> [[Card]] {
        group.ranks > 1 && usesAccelerators
            ? LinkedCards(automaticCards).groups(of: group.ranks) : automaticCards.map { [$0] }
    }

    private func isScaled(_ group: Topology.Group, _ kind: StageKind) -> Bool {
        if case .count? = group.replicas { return false }
        return group.devices.isEmpty && kind.descriptor.scalesWithCards
    }

    private var textCounts: [Int] {
        guard usesAccelerators, groups(.text).contains(where: { isScaled($0, .text) }) else { return [1] }
        return Array(1...max(automaticCards.count, 1))
    }

    // MARK: Choosing

    /// A layout that holds beats one that doesn't; more text stages must bring more than a hundredth to the model that serves the fewest
    /// requests a second.
    private func better(_ a: Layout, than b: Layout) -> Bool {
        let lackingA = ByteCount.sum(a.shortages.map(\.lacking))
        let lackingB = ByteCount.sum(b.shortages.map(\.lacking))
        if lackingA != lackingB { return lackingA < lackingB }
        func slowest(_ layout: Layout) -> Double { models.map { layout.requestsPerSecond(of: $0.name) }.min() ?? 0 }
        return slowest(a) > 1.01 * slowest(b)
    }

    private func alternatives(_ tried: [(count: Int, layout: Layout)], chosen: Int) -> [String] {
        guard models.count == 1 else { return [] }
        return tried.filter { abs($0.count - chosen) == 1 && $0.layout.shortages.isEmpty }.map { count, layout in
            let diffusion = layout.forecasts(of: models[0].name).first { $0.kind == .diffusion }.map { " and \($0.replicas) diffusion" } ?? ""
            let rate = layout.requestsPerSecond(of: models[0].name)
            return "with \(count) text\(diffusion) it would be one every ~\(Self.interval(rate))"
        }
    }

    /// Between two requests, as precise as a prediction deserves: `6.3 s`, `44 s`, `0.017 s`.
    static func interval(_ requestsPerSecond: Double) -> String {
        let seconds = 1 / requestsPerSecond
        let scale: Double = seconds >= 10 ? 1 : seconds >= 1 ? 10 : 1000
        return scale == 1 ? "\(seconds.roundedText) s" : "\((seconds * scale).rounded() / scale) s"
    }
}

extension Layout {
    /// Whether no stage of the kind computes on the card, nor a part of one.
    fileprivate func isFree(_ card: Card, of kind: StageKind) -> Bool {
        let planned = self.card(card.device)
        return planned.guests.isEmpty && planned.stages.allSatisfy { $0.kind != kind }
    }

    /// The lowest number that no stage of the kind has.
    func nextInstance(_ kind: StageKind) -> String {
        let taken = Set(cards.flatMap(\.stages).filter { $0.kind == kind }.map(\.instance))
        var number = 0
        while taken.contains(String(number)) { number += 1 }
        return String(number)
    }
}
