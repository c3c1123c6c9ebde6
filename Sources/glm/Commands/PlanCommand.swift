import ArgumentParser
import Foundation
import GLMTiny
import Placement

/// `glm plan`: what would run where and what it takes, before anything is loaded.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what would run on which card, and whether it fits.",
        discussion: "Reads the topology, the checkpoint's headers and the cards; starts nothing. Exit code 1 where something doesn't fit.")

    @Option(
        help: ArgumentHelp(
            "Topology file (YAML); - for standard input. Default: every kind of stage that the models have, placed automatically.", valueName: "file")
    )
    var topology: String?

    @Option(
        help: ArgumentHelp(
            "A model's folder, for stages for which the topology names none. Repeatable. Default: those that GLM_MODEL names, colons between, else the small ones beside this program.",
            valueName: "dir"))
    var model: [String] = []

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let topology = try topology.map { try Topology(contentsOf: URL(fileURLWithPath: $0 == "-" ? "/dev/stdin" : $0)) } ?? Topology()
        let models = model.isEmpty ? GLMTiny.models() : model.map { URL(fileURLWithPath: $0, isDirectory: true) }
        let plan = try Planner(topology, inventory: try Discovery().inventory(), models: models).plan()
        if json { try printJSON(plan) } else { try printLine(plan.report) }
        if !plan.isFeasible { throw ExitCode.failure }
    }
}
