public import Foundation
public import Domain

extension Plan {
    /// A stage that runs, as far as placement cares.
    public struct Tenant: Sendable, Hashable {
        public var role: StageKind
        public var instance: String
        public var card: String
        /// Where a side of its guidance is computed.
        public var guidanceCard: String?
        /// The model's folder.
        public var model: String

        public init(role: StageKind, instance: String, card: String, guidanceCard: String? = nil, model: String) {
            self.role = role
            self.instance = instance
            self.card = card
            self.guidanceCard = guidanceCard
            self.model = model
        }

        public init(_ stage: PlannedStage) {
            self.init(role: stage.role, instance: stage.instance, card: stage.card, guidanceCard: stage.guidance?.card, model: stage.model)
        }
    }

    /// Whether one more stage finds a card.
    public enum Room: Sendable, Hashable {
        case stage(PlannedStage)
        /// What is lacking on each card that it might have gone to.
        case shortages([Shortage])
    }

    /// Where one more stage would go: to scale, or to bring up a second model before the first one leaves.
    ///
    /// - Parameters:
    ///   - model: its folder; nil: the planned one.
    ///   - instance: its name among the stages of its role; nil: the lowest number that is free.
    ///   - tenants: what runs now; nil: the plan's own stages.
    ///   - free: bytes that are free now, by card's name, where they were looked at: the new stage must fit into them too.
    /// - Throws: `invalidModel` for a folder that can't be read.
    public func room(
        for role: StageKind, model: URL? = nil, instance: String? = nil, beside tenants: [Tenant]? = nil, free: [String: Int] = [:]
    ) throws(PlacementError) -> Room {
        try planner.room(for: role, model: model, instance: instance, beside: tenants ?? stages.map(Tenant.init), free: free)
    }
}

extension Planner {
    func room(
        for role: StageKind, model: URL?, instance: String?, beside tenants: [Plan.Tenant], free: [String: Int]
    ) throws(PlacementError) -> Plan.Room {
        var known = Dictionary(models.values.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        func size(_ url: URL) throws(PlacementError) -> ModelSize {
            let path = url.standardizedFileURL.path
            if let size = known[path] { return size }
            let size = try ModelSize(url)
            known[path] = size
            return size
        }
        var layout = Layout(cards: cards.map { Plan.PlannedCard(card: $0, stages: []) }, seconds: seconds)
        // Tenants elsewhere, on cards that are not this plan's, take nothing from it.
        for tenant in tenants {
            guard let card = cards.first(where: { $0.name == tenant.card }) else { continue }
            let guidance = tenant.guidanceCard.flatMap { name in cards.first { $0.name == name } }
            let size = try size(URL(fileURLWithPath: tenant.model, isDirectory: true))
            layout.add(try draft(tenant.role, tenant.instance, on: card, guidance: guidance, model: size))
        }
        let name = instance ?? freeName(role, tenants)
        let model = try model.map(size)
        let named = topology[role].cards
        let pool = named.isEmpty ? automaticCards : cards.filter { named.contains($0.name) }
        var candidates: [PlannedStage] = []
        for card in pool { candidates.append(try draft(role, name, on: card, model: model)) }
        func extra(_ stage: PlannedStage) -> Int { layout.added(stage, to: layout.cards[layout.index(of: stage.card)!]) }
        if let stage = layout.best(candidates.filter { extra($0) <= free[$0.card] ?? .max }) { return .stage(stage) }
        return .shortages(
            candidates.map { stage in
                let left = layout.cards[layout.index(of: stage.card)!].left
                return Plan.Shortage(card: stage.card, stages: [stage.name], needed: extra(stage), available: min(left, free[stage.card] ?? .max))
            })
    }

    private func freeName(_ role: StageKind, _ tenants: [Plan.Tenant]) -> String {
        let taken = Set(tenants.filter { $0.role == role }.map(\.instance))
        return String((0...tenants.count).first { !taken.contains(String($0)) } ?? tenants.count)
    }
}
