import Checkpoint
public import Domain
public import Foundation
import ModelConfiguration

extension Plan {
    /// Whether one more stage finds a card.
    public enum Room: Sendable, Hashable {
        case stage(StageSpec)
        /// What is lacking on each card that it might have gone to.
        case shortages([Shortage])
    }

    /// Where one more stage would go: to scale, or to start a model's next checkpoint before the stages of its present one leave.
    ///
    /// - Parameters:
    ///   - model: its name; nil: the only one.
    ///   - folder: its checkpoint; nil: the topology's.
    ///   - instance: its name among the stages of its kind; nil: the lowest number that is free.
    ///   - stages: what runs now; nil: the plan's own stages.
    ///   - free: bytes that are free now, where they were looked at: the new stage must fit into them too.
    /// - Throws: `invalidModel` for a name that the plan doesn't know and for a folder that can't be read.
    public func room(
        for kind: StageKind, model: String? = nil, folder: URL? = nil, instance: String? = nil, beside stages: [StageSpec]? = nil,
        free: [DeviceID: Int] = [:]
    ) throws(PlacementError) -> Room {
        try planner.room(for: kind, model: model, folder: folder, instance: instance, beside: stages ?? self.stages, free: free)
    }
}

extension Planner {
    fileprivate func room(
        for kind: StageKind, model: String?, folder: URL?, instance: String?, beside stages: [StageSpec], free: [DeviceID: Int]
    ) throws(PlacementError) -> Plan.Room {
        let name = try name(model, hasFolder: folder != nil)
        let folder = folder?.standardizedFileURL.path
        let described: ModelDescription? = if let folder { try Self.describe(folder) } else { nil }
        try check(kind, name, described)

        var layout = Layout(cards: cards.map { Plan.PlannedCard(card: $0, stages: []) }, seconds: seconds)
        // Stages on cards that are not this plan's take nothing from it.
        for stage in stages where stage.devices.allSatisfy({ device in cards.contains { $0.device == device } }) { layout.add(stage) }
        var candidates: [StageSpec] = []
        let groups = groups(kind).filter { $0.model == name }
        for var group in groups.isEmpty ? [Topology.Group()] : groups {
            group.model = name
            for places in try places(kind, group) {
                candidates.append(try draft(kind, group, instance ?? layout.nextInstance(kind), on: places, folder: folder, described))
            }
        }
        func hasFree(_ stage: StageSpec) -> Bool {
            stage.devices.indices.allSatisfy { layout.added(stage, $0) <= free[stage.devices[$0]] ?? .max }
        }
        if let stage = layout.best(candidates.filter(hasFree)) { return .stage(stage) }
        // Groups of the same settings lack the same.
        var lacking: [Plan.Shortage] = []
        for shortage in candidates.flatMap({ shortages($0, layout, free) }) where !lacking.contains(shortage) { lacking.append(shortage) }
        return .shortages(lacking)
    }

    private func name(_ model: String?, hasFolder: Bool) throws(PlacementError) -> String {
        let known = models.map(\.name)
        guard let model else {
            if known.count == 1 { return known[0] }
            throw PlacementError(.invalidModel, "there are several models, name one of \(known.joined(separator: ", "))")
        }
        if hasFolder || known.contains(model) { return model }
        throw PlacementError(.invalidModel, "there is no model \"\(model)\"; there are \(known.joined(separator: ", "))")
    }

    /// - Parameter described: the checkpoint that comes in place of the model's present one.
    private func check(_ kind: StageKind, _ name: String, _ described: ModelDescription?) throws(PlacementError) {
        let present = models.first { $0.name == name }.flatMap { descriptions[$0.folder] }
        if let present, let described, present.pipeline != described.pipeline {
            throw PlacementError(
                .invalidModel, "\(described.path) \(described.pipeline.purpose); the model \(name) \(present.pipeline.purpose)")
        }
        if let pipeline = (described ?? present)?.pipeline, !pipeline.stageKinds.contains(kind) {
            throw PlacementError(.invalidModel, "the model \(name) \(pipeline.purpose), which takes no \(kind) stage")
        }
    }

    /// Where a stage of the group may go: the places that the topology names for it, else any card.
    private func places(_ kind: StageKind, _ group: Topology.Group) throws(PlacementError) -> [[Card]] {
        guard !group.devices.isEmpty else { return automaticPlaces(group) }
        var places: [[Card]] = []
        for devices in group.devices {
            var cards: [Card] = []
            for device in devices { cards.append(try card(device, for: kind)) }
            if !places.contains(cards) { places.append(cards) }
        }
        return places
    }

    /// What lacks for a stage on its devices; of a group the devices that lack nothing are left out.
    private func shortages(_ stage: StageSpec, _ layout: Layout, _ free: [DeviceID: Int]) -> [Plan.Shortage] {
        let all = stage.devices.indices.map { index in
            let device = stage.devices[index]
            return Plan.Shortage(
                device: device, stages: [stage.name], needed: layout.added(stage, index),
                available: min(layout.card(device).left, free[device] ?? .max))
        }
        let lacking = all.filter { $0.lacking > 0 }
        return lacking.isEmpty ? all : lacking
    }
}
