import Domain

// How fast a layout would be.

extension Layout {
    /// The most requests a second that the cards' time allows one model whose stages have their cards for themselves.
    ///
    /// Requests may go to any replica, so only this bounds them: for any set of kinds, the cards that run one of them can't
    /// do more of the set's work than they have time (Hall's condition; exact for cards of one chip).
    func requestsPerSecond(of model: String) -> Double {
        let stages = cards.map { card in (card.card, card.stages.filter { $0.model == model }) }.filter { !$0.1.isEmpty }
        let kinds = StageKind.allCases.filter { kind in stages.contains { $0.1.contains { $0.kind == kind } } }
        var least = Double.infinity
        for mask in 1..<max(1 << kinds.count, 2) where !kinds.isEmpty {
            let set = kinds.indices.filter { mask >> $0 & 1 == 1 }.map { kinds[$0] }
            let rate = stages.filter { _, stages in stages.contains { set.contains($0.kind) } }
                .reduce(0.0) { sum, place in sum + 1 / set.reduce(0) { $0 + work($1, of: model, on: place.0, place.1) } }
            least = min(least, rate)
        }
        return least.isFinite ? least : 0
    }

    /// Seconds of a kind's work on a card. A card that runs no stage of the kind could: what it would take is the mean of those
    /// that do.
    private func work(_ kind: StageKind, of model: String, on card: Card, _ stages: [StageSpec]) -> Double {
        let own = stages.filter { $0.kind == kind }
        let those = own.isEmpty ? cards.flatMap(\.stages).filter { $0.kind == kind && $0.model == model } : own
        let each = those.map { duration($0, on: card) }
        return each.isEmpty ? .infinity : each.reduce(0, +) / Double(each.count)
    }

    /// Seconds of one request: a part where several devices divide its work.
    private func duration(_ stage: StageSpec, on card: Card) -> Double { seconds(stage, card) / Double(stage.devices.count) }

    func forecasts(of model: String) -> [Plan.Forecast] {
        StageKind.allCases.compactMap { kind in
            let each = cards.flatMap { card in
                card.stages.filter { $0.kind == kind && $0.model == model }.map { duration($0, on: card.card) }
            }
            return each.isEmpty
                ? nil : Plan.Forecast(model: model, kind: kind, replicas: each.count, seconds: each.reduce(0, +) / Double(each.count))
        }
    }
}
