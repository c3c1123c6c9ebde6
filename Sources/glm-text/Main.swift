import ArgumentParser
import Stages
import ServerKit
import Stages

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glm-text", abstract: "The process that turns prompts into the codes of images.", version: Build.version)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var text: TextOptions

    static func main() async { await Launch.main(Self.self, announcesFailure: true) }

    func run() async throws { try await TextStage.run(server, model, text) }
}
