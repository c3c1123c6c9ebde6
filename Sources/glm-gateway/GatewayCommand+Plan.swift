import ArgumentParser
import Foundation
import GLMTiny
import Gateway
import Placement
import ServerKit
import Wire

extension GatewayCommand {
    /// What is to run, and where one more stage goes; checked before anything is loaded.
    func plan() throws -> (fleet: FleetPlan, place: Operations.Placing) {
        let remote = try stage.map { try Address(parsing: $0) }
        if let topology {
            let topology = try Topology(contentsOf: URL(fileURLWithPath: topology))
            let folder = model.map { URL(fileURLWithPath: $0) } ?? GLMTiny.locate()
            let plan = try Planner(topology, inventory: Discovery().inventory(), model: folder).plan()
            return (try FleetPlan(plan, of: topology, remote: remote, queue: server.queue), Operations.room(in: plan))
        }
        guard !start.kinds.isEmpty else {
            return (FleetPlan(stages: [], remote: remote, queue: server.queue ?? FleetPlan.defaultQueue), Operations.besideOthers)
        }
        guard let model = model ?? GLMTiny.locate()?.path else {
            throw ValidationError("--start needs --model: there is no glm-tiny beside this program, and GLM_MODEL is not set")
        }
        let fleet = try FleetPlan(start.kinds, folder: model, precision: precision, threads: threads, remote: remote, queue: server.queue)
        return (fleet, Operations.besideOthers)
    }
}
