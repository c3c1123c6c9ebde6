import Domain

/// Stages on cards while a plan is being made: where one more would go, what doesn't fit, how fast it would be.
struct Layout {
    var cards: [Plan.PlannedCard]
    /// Predicted seconds of a role on a card.
    let seconds: @Sendable (StageKind, Card) -> Double

    mutating func add(_ stage: PlannedStage) {
        guard let index = index(of: stage.card) else { preconditionFailure("\(stage.card) is not a card of the layout") }
        cards[index].stages.append(stage)
        guard let guidance = stage.guidance else { return }
        guard let index = self.index(of: guidance.card) else { preconditionFailure("\(guidance.card) is not a card of the layout") }
        cards[index].guests.append(Plan.PlannedCard.Guest(stage: stage.name, needs: guidance.needs))
    }

    func index(of name: String) -> Int? { cards.firstIndex { $0.card.name == name } }

    /// Whether the card would still hold its stages with `stage` among them.
    func fits(_ stage: PlannedStage) -> Bool {
        guard let index = index(of: stage.card) else { return false }
        return cards[index].taken + added(stage, to: cards[index]) <= cards[index].card.available
    }

    /// Bytes that a card's stages take more with `stage` among them.
    func added(_ stage: PlannedStage, to card: Plan.PlannedCard) -> Int { (card.stages + [stage]).bytesTogether - card.stages.bytesTogether }

    /// The best of `candidates`, one stage drafted for each card it may go to, that fits; nil where none does.
    ///
    /// Replicas of a role take cards of their own. The small vision stage goes where the least room is left that holds it,
    /// so that it doesn't break up a card; the others go where the least work is.
    func best(_ candidates: [PlannedStage]) -> PlannedStage? {
        candidates.filter(fits).min { order($0) < order($1) }
    }

    /// Where the most room is: for a stage that fits nowhere.
    func roomiest(_ candidates: [PlannedStage]) -> PlannedStage? {
        candidates.max { room($0) < room($1) }
    }

    private func room(_ stage: PlannedStage) -> Int { index(of: stage.card).map { cards[$0].left } ?? .min }

    private func order(_ stage: PlannedStage) -> (Int, Double, Int) {
        let card = cards[index(of: stage.card)!]
        let twins = card.stages.count { $0.role == stage.role }
        if stage.role == .vision { return (twins, card.stages.isEmpty ? 1 : 0, card.left) }
        return (twins, card.stages.reduce(0) { $0 + seconds($1.role, card.card) }, -card.left)
    }

    var shortages: [Plan.Shortage] {
        cards.filter { $0.left < 0 }.map {
            Plan.Shortage(card: $0.card.name, stages: $0.stages.map(\.name) + $0.guests.map(\.stage), needed: $0.taken, available: $0.card.available)
        }
    }

    /// The most pictures a second that the cards' time allows.
    ///
    /// Requests may go to any replica, so only this bounds them: for any set of roles, the cards that run one of them can't
    /// do more of the set's work than they have time (Hall's condition; exact for cards of one kind).
    var picturesPerSecond: Double {
        let roles = StageKind.allCases.filter { role in cards.contains { $0.stages.contains { $0.role == role } } }
        var least = Double.infinity
        for mask in 1..<max(1 << roles.count, 2) where !roles.isEmpty {
            let set = roles.indices.filter { mask >> $0 & 1 == 1 }.map { roles[$0] }
            let rate = cards.filter { card in card.stages.contains { set.contains($0.role) } }
                .reduce(0.0) { sum, card in sum + 1 / set.reduce(0) { $0 + work($1, on: card) } }
            least = min(least, rate)
        }
        return least.isFinite ? least : 0
    }

    /// Seconds of a role on a card: half where the other side of guidance is computed elsewhere.
    private func work(_ role: StageKind, on card: Plan.PlannedCard) -> Double {
        let stages = card.stages.filter { $0.role == role }
        let halves = !stages.isEmpty && stages.allSatisfy { $0.guidance != nil }
        return seconds(role, card.card) * (halves ? 0.5 : 1)
    }

    var forecasts: [Plan.Forecast] {
        StageKind.allCases.compactMap { role in
            let each = cards.flatMap { card in card.stages.filter { $0.role == role }.map { _ in work(role, on: card) } }
            return each.isEmpty ? nil : Plan.Forecast(role: role, replicas: each.count, seconds: each.reduce(0, +) / Double(each.count))
        }
    }
}
