import Domain
import ModelConfiguration

// Stages as they would be started on given cards.

extension Planner {
    func card(_ device: DeviceID, for kind: StageKind) throws(PlacementError) -> Card {
        if let card = cards.first(where: { $0.device == device }) { return card }
        let known = cards.map(\.device.description).joined(separator: ", ")
        throw PlacementError(.missingCard, "\(topology.place)stages.\(kind) names \(device), which is not there; there are \(known)")
    }

    /// - Parameters:
    ///   - group: with its model.
    ///   - places: the card of each of its devices.
    ///   - folder: of another checkpoint than the topology's for the group; described already.
    func draft(
        _ kind: StageKind, _ group: Topology.Group, _ instance: String, on places: [Card], folder: String? = nil,
        _ described: ModelDescription? = nil
    ) throws(PlacementError) -> StageSpec {
        let main = places[0]
        let batch = try batch(kind, group, on: main)
        if !main.isHost, group.precision == .f32 {
            throw PlacementError(.invalidTopology, "\(topology.place)stages.\(kind).precision is f32; \(main.device) computes in bf16")
        }
        guard let name = group.model, let folder = folder ?? group.folder ?? models.first(where: { $0.name == name })?.folder,
            let description = described ?? descriptions[folder]
        else { preconditionFailure("a stage of the unknown model \(group.model ?? "")") }
        if main.isHost, let level = group.determinism {
            throw PlacementError(
                .invalidTopology,
                "\(topology.place)stages.\(kind).deterministic is \(level); on the CPU a row has the same bits always, alone and in a batch")
        }
        if group.stepCache != nil, case .image(let image) = description.configurations, !StepCaching.isPossible(blocks: image.transformer.layers) {
            throw PlacementError(
                .invalidTopology,
                "\(topology.place)stages.\(kind).step_cache: the transformer of \(name) has \(image.transformer.layers) blocks, none of them to skip")
        }
        if main.isHost, group.ranks > 1 {
            throw PlacementError(
                .invalidTopology,
                "\(topology.place)stages.\(kind).\(group.divisionKey) is \(group.ranks); only accelerators compute together, not \(main.device)")
        }
        if let obstacle = obstacle(kind, description, ranks: group.ranks) {
            throw PlacementError(
                .invalidTopology,
                "\(topology.place)stages.\(kind).\(group.divisionKey) is \(group.ranks), by which the \(obstacle.part) of \(name) can't divide its \(obstacle.what)"
            )
        }
        let precision = group.precision.precision(native: main.nativePrecision)
        let vaeTiling = kind.descriptor.options.contains(.vaeTiling) && group.vaeTiling ?? main.device.tilesImages
        let footprint = Footprint(
            description, Footprint.Limits(pixels: topology.limits.pixels, sources: topology.limits.sources, context: topology.limits.context),
            Footprint.Form(
                onHost: main.isHost, precision: precision, batch: batch ?? 1, speculativeTokens: group.speculativeTokens, vaeTiling: vaeTiling,
                stepCache: group.stepCache != nil, ranks: group.ranks, division: group.division))
        return StageSpec(
            kind: kind, instance: instance, devices: places.map(\.device), model: name, pipeline: description.pipeline, folder: folder,
            precision: precision,
            batch: batch, speculativeTokens: group.speculativeTokens, threads: main.isHost ? group.threads : nil,
            determinism: group.determinism, vaeTiling: vaeTiling, stepCache: group.stepCache,
            ranks: group.division == nil ? nil : group.ranks, division: group.division, hcclTimeout: group.hcclTimeout,
            memory: [footprint.items(kind)] + places.indices.dropFirst().map { footprint.items(kind, ofFurther: $0) })
    }

    /// What can't be divided among so many ranks, with its number, and the part of the model that has it.
    private func obstacle(_ kind: StageKind, _ model: ModelDescription, ranks: Int) -> (part: String, what: String)? {
        switch (kind, model.configurations) {
        case (.diffusion, .image(let image)) where image.transformer.heads % ranks != 0: ("transformer", "\(image.transformer.heads) heads")
        case (.text, _): model.decoder.obstacle(ranks: ranks).map { ("decoder", $0) }
        default: nil
        }
    }

    /// On an accelerator the decoder's step is bound by reading the weights, so a batch is nearly free there; on the host it is less so.
    private func batch(_ kind: StageKind, _ group: Topology.Group, on card: Card) throws(PlacementError) -> Int? {
        guard kind.descriptor.options.contains(.batch) else { return nil }
        let batch = group.batch ?? (card.isHost ? 4 : ChipCatalogue.batchRows)
        if !card.isHost, batch > ChipCatalogue.batchRows {
            throw PlacementError(
                .invalidTopology,
                "\(topology.place)stages.\(kind).batch is \(batch); \(card.device) samples at most \(ChipCatalogue.batchRows) sequences together")
        }
        return batch
    }

    /// Predicted seconds that a stage works for one request, all its devices together, if they were like this card.
    var seconds: @Sendable (StageSpec, Card) -> Double {
        { stage, card in
            guard case .figures(let figures) = card.support, let model = descriptions[stage.folder] else { return .infinity }
            return StageSeconds(model, on: figures).seconds(stage.kind, batch: stage.batch ?? 1, ranks: stage.ranks ?? 1, stage.division)
        }
    }

    /// Predicted seconds from the first stage to the last for the largest image that is planned for, with the usual number of steps, on the slowest
    /// stage of each kind; 0 where no images are made.
    func longestImage(on cards: [Plan.PlannedCard]) -> Double {
        let each = cards.flatMap { planned in
            planned.stages.filter { $0.pipeline.id == .image }.map { ($0.kind, longestImage($0, planned.card)) }
        }
        return Dictionary(each, uniquingKeysWith: max).values.reduce(0, +)
    }

    private func longestImage(_ stage: StageSpec, _ card: Card) -> Double {
        guard case .figures(let figures) = card.support, let model = descriptions[stage.folder] else { return .infinity }
        // The whole time of its batch, not its share.
        let batch = stage.batch ?? 1
        let share = StageSeconds(model, on: figures)
            .seconds(stage.kind, batch: batch, ranks: stage.ranks ?? 1, stage.division, pixels: topology.limits.pixels)
        return share * Double(batch) / Double(stage.devices.count) * Double(stage.kind == .vision ? topology.limits.sources : 1)
    }
}

extension Topology.Group {
    /// The key that asks for several ranks.
    var divisionKey: String { division?.key ?? "" }
}
