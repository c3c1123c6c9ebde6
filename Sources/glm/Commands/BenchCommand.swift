import ArgumentParser

/// `glm bench`: how fast it is here. `glm bench DIR` times the parts.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Time the parts of a model, or a whole fleet.",
        subcommands: [BenchPartsCommand.self, BenchFleetCommand.self], defaultSubcommand: BenchPartsCommand.self)
}
