import ArgumentParser
import Domain
import Foundation
import GLMTiny
import Gateway
import Placement
import ServerKit
import Wire

extension GatewayCommand {
    /// What is to run, and where one more stage goes; checked before anything is loaded.
    func plan() throws -> (fleet: FleetPlan, place: Operations.Placing) {
        var (fleet, place) = try planned()
        fleet.expected = expect.map { Set($0.kinds ?? StageKind.allCases) }
        return (fleet, place)
    }

    private func planned() throws -> (fleet: FleetPlan, place: Operations.Placing) {
        let remote = try stage.map { try StageOrigin(parsing: $0) }
        let models = model.isEmpty ? GLMTiny.models() : model.map { URL(fileURLWithPath: $0) }
        if let topology {
            let topology = try Topology(contentsOf: URL(fileURLWithPath: topology))
            let plan = try Planner(topology, inventory: Discovery().inventory(), models: models).plan()
            return (try FleetPlan(plan, of: topology, remote: remote, queue: server.queue), Operations.room(in: plan))
        }
        guard let start else {
            return (FleetPlan(stages: [], remote: remote, queue: server.queue ?? FleetPlan.defaultQueue), Operations.besideOthers)
        }
        guard !models.isEmpty else {
            throw ValidationError("--start needs --model: there is no glm-tiny beside this program, and GLM_MODEL is not set")
        }
        let fleet = try FleetPlan(
            start.kinds, folders: models, precision: precision ?? .auto, threads: threads, stepCache: stepCache.flatMap { $0 > 0 ? $0 : nil },
            remote: remote,
            queue: server.queue)
        return (fleet, Operations.besideOthers)
    }
}
