import ArgumentParser
import Foundation
import Imaging

/// `glm edit`: a picture from pictures and a prompt.
struct EditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Make an image from source images and a prompt.",
        discussion: "Uses the gateway that runs; without one, starts a fleet for this command alone and leaves nothing behind.")

    @Argument(help: ArgumentHelp("PNG, JPEG or WebP files, then a description of the new image.", valueName: "image> ... <prompt"))
    var imagesAndPrompt: [String]

    @OptionGroup var options: PictureOptions

    func validate() throws {
        guard imagesAndPrompt.count >= 2 else { throw ValidationError("edit takes at least one picture, and the prompt last") }
    }

    func run() async throws {
        let images = try imagesAndPrompt.dropLast().map { path in
            guard let data = FileManager.default.contents(atPath: path) else { throw ClientError("\(path) can't be read") }
            let bytes = [UInt8](data)
            do { _ = try ImageHeader(bytes) } catch { throw ClientError("\(path): \(error)") }
            return bytes
        }
        try await PictureJob(prompt: imagesAndPrompt[imagesAndPrompt.count - 1], images: images, options: options).run()
    }
}
