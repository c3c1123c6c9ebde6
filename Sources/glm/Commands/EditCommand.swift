import ArgumentParser
import Domain

/// `glm edit`: a picture from pictures and a prompt.
struct EditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Make an image from source images and a prompt.",
        discussion: "Uses the gateway that runs; without one, starts a fleet for this command alone and leaves nothing behind.")

    @Argument(
        help: ArgumentHelp("PNG, JPEG or WebP files, - for standard input; then a description of the new image.", valueName: "image> ... <prompt"))
    var imagesAndPrompt: [String]

    @OptionGroup var options: PictureOptions

    func validate() throws {
        guard let prompt = imagesAndPrompt.last, imagesAndPrompt.count >= 2 else {
            throw ValidationError("edit takes at least one picture, and the prompt last")
        }
        try checkUsage { () throws(RequestError) in
            try RequestLimits.checkPrompt(prompt)
            try RequestLimits.checkSourceCount(imagesAndPrompt.count - 1)
        }
        try checkPictures(imagesAndPrompt.dropLast())
    }

    func run() async throws {
        let images = try imagesAndPrompt.dropLast().map(readPicture)
        try await PictureJob(prompt: imagesAndPrompt[imagesAndPrompt.count - 1], images: images, options: options).run()
    }
}
