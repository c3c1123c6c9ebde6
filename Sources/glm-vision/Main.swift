import ArgumentParser
import Stages
import ServerKit
import Stages

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glm-vision", abstract: "The process that turns source images into codes.", version: Build.version)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions

    static func main() async { await Launch.main(Self.self, announcesFailure: true) }

    func run() async throws { try await VisionStage.run(server, model) }
}
