import ArgumentParser
import Foundation
import GLMTiny
import Placement

/// `glm plan`: what would run where and what it takes, before anything is loaded.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what would run on which card, and whether it fits.",
        discussion: "Reads the topology, the checkpoint's headers and the cards; starts nothing. Exit code 1 where something doesn't fit.")

    @Option(help: ArgumentHelp("Topology file (YAML); - for standard input. Default: every kind of stage, placed automatically.", valueName: "file"))
    var topology: String?

    @Option(
        help: ArgumentHelp(
            "The model's folder, for stages for which the topology names none. Default: GLM_MODEL, else the glm-tiny beside this program.",
            valueName: "dir"))
    var model: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let topology = try topology.map { try Topology(contentsOf: URL(fileURLWithPath: $0 == "-" ? "/dev/stdin" : $0)) } ?? Topology()
        let model = model.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? GLMTiny.locate()
        let plan = try Planner(topology, inventory: try Discovery().inventory(), model: model).plan()
        if json { try printJSON(plan) } else { try printLine(plan.report) }
        if !plan.isFeasible { throw ExitCode.failure }
    }
}
