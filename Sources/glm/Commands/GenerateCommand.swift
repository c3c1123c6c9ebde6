import ArgumentParser
import Domain

/// `glm generate`: a picture from a prompt.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Make an image from a prompt.",
        discussion: "Uses the gateway that runs; without one, starts a fleet for this command alone and leaves nothing behind.")

    @Argument(help: "Description of the image; text to render is quoted.")
    var prompt: String

    @OptionGroup var options: PictureOptions

    func validate() throws { try checkUsage { () throws(RequestError) in try RequestLimits.checkPrompt(prompt) } }

    func run() async throws {
        try await PictureJob(prompt: prompt, images: [], options: options).run()
    }
}
