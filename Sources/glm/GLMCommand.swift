import ArgumentParser
import ServerKit

/// `glm`: what people type.
@main
struct GLMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glm", abstract: "Makes images with GLM-Image.", version: Build.version,
        subcommands: [
            GenerateCommand.self, EditCommand.self, JobsCommand.self, PlanCommand.self, UpCommand.self, StatusCommand.self, DrainCommand.self,
            ScaleCommand.self,
            SwapCommand.self, InspectCommand.self, VerifyCommand.self, BenchCommand.self,
        ])

    static func main() async { await Launch.main(Self.self) { PromptHint.text(for: CommandLine.arguments, $0) } }
}
