import ArgumentParser
import Stages
import ServerKit
import Stages

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glm-diffusion", abstract: "The process that turns codes into images.", version: Build.version)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var diffusion: DiffusionOptions

    static func main() async { await Launch.main(Self.self, announcesFailure: true) }

    func run() async throws { try await DiffusionStage.run(server, model, diffusion) }
}
