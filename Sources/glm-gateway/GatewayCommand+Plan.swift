import ArgumentParser
import Checkpoint
import Foundation
import Gateway
import GLMTiny
import Placement
import Domain
import ServerKit
import Wire

/// What is to run, and where one more stage goes.
struct Arrangement {
    var fleet: FleetPlan
    var place: Operations.Placing
}

extension GatewayCommand {
    /// Checked before anything is loaded.
    func arrangement() throws -> Arrangement {
        let remote = try stage.map { try Address(parsing: $0) }
        if let topology { return try planned(Topology(contentsOf: URL(fileURLWithPath: topology)), remote) }
        guard !start.kinds.isEmpty else {
            return Arrangement(fleet: FleetPlan(stages: [], remote: remote, queue: server.queue ?? Self.defaultQueue), place: Self.besideOthers)
        }
        guard let model = model ?? GLMTiny.locate()?.path else {
            throw ValidationError("--start needs --model: there is no glm-tiny beside this program, and GLM_MODEL is not set")
        }
        let fingerprint = try ModelFolder(URL(fileURLWithPath: model)).fingerprint
        let name = Topology.Model(folder: URL(fileURLWithPath: model).standardizedFileURL.path).name
        let stages = start.kinds.map {
            StageSpec(
                kind: $0, instance: "0", model: name, folder: model, fingerprint: fingerprint, precision: precision, threads: threads)
        }
        let fleet = FleetPlan(stages: stages, models: Self.models(stages), remote: remote, queue: server.queue ?? Self.defaultQueue)
        return Arrangement(fleet: fleet, place: Self.besideOthers)
    }

    private static let defaultQueue = 256

    /// The stages of a topology, on the cards that its plan gives them.
    private func planned(_ topology: Topology, _ remote: [Address]) throws -> Arrangement {
        let folder = model.map { URL(fileURLWithPath: $0) } ?? GLMTiny.locate()
        let plan = try Planner(topology, inventory: Discovery().inventory(), model: folder).plan()
        guard plan.isFeasible else {
            throw PlacementError(
                .invalidTopology, "the stages do not fit: \(plan.shortages.map(\.description).joined(separator: "; ")); see glm plan")
        }
        let fleet = FleetPlan(
            stages: plan.stages, models: Self.models(plan.stages), remote: try remote + topology.remote.map { try Address(parsing: $0) },
            queue: server.queue ?? topology.limits.queue, jobsKept: .seconds(topology.limits.jobsKept),
            planned: RequestRules.Planned(pixels: topology.limits.pixels, sources: topology.limits.sources))
        return Arrangement(fleet: fleet) { try Self.place($0, plan) }
    }

    private static func models(_ stages: [StageSpec]) -> [String: [StageKind: String]] {
        stages.reduce(into: [:]) { $0[$1.model, default: [:]][$1.kind] = $1.fingerprint }
    }

    /// Where the plan's cards have room for one more stage now.
    private static func place(_ wanted: Operations.StagePlacement, _ plan: Plan) throws -> StageSpec {
        try refusing {
            let cards = try Discovery().inventory().cards
            let free = Dictionary(cards.compactMap { card in card.free.map { (card.device, $0) } }, uniquingKeysWith: { first, _ in first })
            let folder = wanted.folder.map { URL(fileURLWithPath: $0) }
            let room = try plan.room(
                for: wanted.kind, model: wanted.model, folder: folder, instance: wanted.instance, beside: wanted.others, free: free)
            switch room {
            case .stage(let stage): return stage
            case .shortages(let shortages):
                throw CallError(
                    .failedPrecondition, "no room for \(wanted.kind)-\(wanted.instance): \(shortages.map(\.description).joined(separator: "; "))")
            }
        }
    }

    /// Without a plan of cards: on the host, started as the others are.
    private static let besideOthers: Operations.Placing = { wanted in
        let others = wanted.others
        guard var spec = others.first(where: { $0.kind == wanted.kind && $0.model == wanted.model }) ?? others.first else {
            throw CallError(.failedPrecondition, "this gateway started no stages; start \(wanted.kind.descriptor.program) with its run directory")
        }
        spec.kind = wanted.kind
        spec.instance = wanted.instance
        if let folder = wanted.folder {
            spec.folder = folder
            spec.fingerprint = try refusing { try ModelFolder(URL(fileURLWithPath: folder)).fingerprint }
        }
        return spec
    }

    private static func refusing<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as PlacementError {
            throw CallError(.failedPrecondition, error.message)
        } catch let error as CheckpointError {
            throw CallError(.failedPrecondition, error.message)
        }
    }
}
