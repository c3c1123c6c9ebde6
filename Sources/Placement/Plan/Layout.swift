import ModelConfiguration
import Domain

/// Stages on cards while a plan is being made: where one more would go, what doesn't fit, how fast it would be.
struct Layout {
    var cards: [Plan.PlannedCard]
    /// Predicted seconds that a stage works for one request, by its main card; see ``Planner/seconds``.
    let seconds: @Sendable (StageSpec, Card) -> Double

    mutating func add(_ stage: StageSpec) {
        cards[index(of: stage.device)].stages.append(stage)
        for (number, device) in stage.devices.enumerated().dropFirst() {
            cards[index(of: device)].guests.append(Plan.PlannedCard.Guest(stage: stage.name, memory: stage.items(number)))
        }
    }

    private func index(of device: DeviceID) -> Int {
        guard let index = cards.firstIndex(where: { $0.card.device == device }) else { preconditionFailure("\(device) is not a card of the layout") }
        return index
    }

    func card(_ device: DeviceID) -> Plan.PlannedCard { cards[index(of: device)] }

    /// Whether all of the stage's cards would still hold theirs with `stage` among them.
    func fits(_ stage: StageSpec) -> Bool {
        stage.devices.indices.allSatisfy { added(stage, $0) <= card(stage.devices[$0]).left }
    }

    /// Bytes that more is taken of the stage's device number `index` with `stage` among those that are there.
    func added(_ stage: StageSpec, _ index: Int = 0) -> Int {
        guard index == 0 else { return stage.items(index).bytes }
        let stages = card(stage.device).stages
        return (stages + [stage]).bytesTogether - stages.bytesTogether
    }

    /// The best of `candidates`, one stage drafted for each place it may go to, that fits; nil where none does.
    ///
    /// Replicas of a kind take cards of their own. A stage that is not scaled with the cards is small and goes where the least room
    /// is left that holds it, so that it doesn't break up a card; the others go where the least work is.
    func best(_ candidates: [StageSpec]) -> StageSpec? {
        candidates.filter(fits).min { order($0) < order($1) }
    }

    /// Where the most room is: for a stage that fits nowhere.
    func roomiest(_ candidates: [StageSpec]) -> StageSpec? {
        candidates.max { card($0.device).left < card($1.device).left }
    }

    private func order(_ stage: StageSpec) -> (Int, Double, Int) {
        let card = card(stage.device)
        let further = stage.devices.dropFirst().map(self.card)
        let twins = ([card] + further).reduce(0) { $0 + $1.stages.count { $0.kind == stage.kind } } + further.reduce(0) { $0 + $1.guests.count }
        if !stage.kind.descriptor.scalesWithCards { return (twins, card.stages.isEmpty ? 1 : 0, card.left) }
        return (twins, card.stages.reduce(0) { $0 + seconds($1, card.card) }, -card.left)
    }

    var shortages: [Plan.Shortage] {
        cards.filter { $0.left < 0 }.map {
            Plan.Shortage(
                device: $0.card.device, stages: $0.stages.map(\.name) + $0.guests.map(\.stage), needed: $0.taken, available: $0.card.available)
        }
    }
}
