import ArgumentParser
import ServerKit

/// `glm`: what people type.
@main
struct GLMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glm", abstract: "Makes images with GLM-Image and answers questions about images with GLM-4.1V.", version: Build.version,
        subcommands: [
            GenerateCommand.self, EditCommand.self, AskCommand.self, ChatCommand.self, JobsCommand.self, PlanCommand.self, UpCommand.self,
            StatusCommand.self, DrainCommand.self, ScaleCommand.self, SwapCommand.self, KeysCommand.self, InspectCommand.self, QuantizeCommand.self,
            VerifyCommand.self,
            BenchCommand.self,
        ])

    static func main() async { await Launch.main(Self.self) { PromptHint.text(for: CommandLine.arguments, $0) } }
}
