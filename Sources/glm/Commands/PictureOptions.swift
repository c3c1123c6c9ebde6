import ArgumentParser
import Domain
import Files
import Wire

/// What `generate` and `edit` have in common.
struct PictureOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Output file, .png, .jpg or .webp; - for standard output, as PNG.", valueName: "file"))
    var output: String?

    @Flag(help: "Submit the request as a job to the running gateway, print its id and exit; see glm jobs. The image is a PNG.")
    var detach = false

    @Option(
        help: ArgumentHelp(
            "Pixels, each a multiple of 32. Default: the checkpoint's best size, or the size that fits the first source image.", valueName: "WxH"))
    var size: PictureSize?

    @Option(parsing: .unconditional, help: ArgumentHelp("Denoising steps. Default: 50.", valueName: "n"))
    var steps: Int?

    @Option(parsing: .unconditional, help: ArgumentHelp("Classifier-free guidance; 1 is none. Default: 1.5.", valueName: "g"))
    var guidance: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The same request with the same seed gives the same image. Default: random, and printed.", valueName: "s"))
    var seed: String?

    @Option(
        name: .customShort("n"), parsing: .unconditional,
        help: ArgumentHelp("Number of images, with seeds S, S+1, …; -1, -2, … is inserted before the extension of FILE.", valueName: "k"))
    var count = 1

    @Flag(help: "Greedy sampling: always the most probable code. The model was not trained for this.")
    var greedy = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Sampling temperature. Default: the checkpoint's.", valueName: "t"))
    var temperature: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Top-p (nucleus) sampling: only the smallest set of codes with this probability. Default: the checkpoint's.", valueName: "p"))
    var topP: Float?

    @Option(parsing: .unconditional, help: ArgumentHelp("Top-k sampling: only the k most probable codes. Default: the checkpoint's.", valueName: "k"))
    var topK: Int?

    @Option(help: ArgumentHelp("Quality of a JPEG or WebP file, 1 to 100. Default: 90.", valueName: "q"))
    var jpegQuality: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Step caching: denoising steps whose residual has changed by less than this, 0 to 1, skip most blocks. Faster, and another image. At most what the fleet allows. Default: 0, all steps are computed in full.",
            valueName: "r"))
    var stepCache: Float?

    @Option(help: ArgumentHelp("Name of the model, in a fleet of several; see glm status. Default: the only one.", valueName: "name"))
    var modelName: String?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Draw the words AI生成 into a corner of the image, or leave them out where the gateway draws them into all. Default: as the gateway is set."
    )
    var label: Bool?

    @Flag(help: "Let the fleet's question model rewrite the prompt into a detailed one first; it is told with the image.")
    var enhance = false

    @Option(help: ArgumentHelp("Name of the model that rewrites. Default: the only one that answers questions.", valueName: "name"))
    var enhanceModel: String?

    @Flag(
        help: "Show on the way what the image is going to be: in the terminal (kitty, iTerm2, sixel), else in files FILE.preview-1, -2, … beside it.")
    var preview = false

    @OptionGroup var fleet: FleetOptions

    @Flag(help: "Print one JSON object instead of progress and text.")
    var json = false

    func validate() throws {
        if preview, json { throw ValidationError("--preview shows on the way what --json keeps silent about") }
        if detach {
            if preview { throw ValidationError("--preview shows what is made while this command waits; with --detach it does not") }
            if output != nil { throw ValidationError("--detach writes no file; glm jobs fetch does") }
            if jpegQuality != nil { throw ValidationError("--jpeg-quality is for a .jpg or .webp file; the image of a job is a PNG") }
            if fleet.wantsPrivateFleet {
                throw ValidationError("--detach is for a gateway that runs; --model, --threads and --precision start another")
            }
        } else {
            guard let output else { throw ValidationError("-o FILE says where the picture goes; --detach leaves it with the gateway") }
            let file = try OutputFile(output)
            if file.target.isStream, count > 1 { throw ValidationError("-n \(count) pictures don't go to \(output); name a file") }
            if preview, file.target.isStream, Previews.graphics == nil {
                throw ValidationError("--preview: this terminal is not known to show images, and beside \(output) there are no files; name a file")
            }
            if file.target.isStandardOutput, json { throw ValidationError("picture and JSON don't both go to standard output; name a file") }
            if jpegQuality != nil, file.format == .png { throw ValidationError("--jpeg-quality is for a .jpg or .webp file; \(output) is a PNG") }
        }
        if enhanceModel != nil, !enhance { throw ValidationError("--enhance-model is for --enhance") }
        guard (1...Self.mostPictures).contains(count) else { throw ValidationError("-n \(count) is outside 1 through \(Self.mostPictures)") }
        let options = try options(seed: firstSeed())
        try checkUsage(options.check)
    }

    private static let mostPictures = 1000

    /// The seed of the first picture; drawn here where there is none, so that all of them follow one another.
    func firstSeed() throws -> UInt64 {
        guard let seed else { return UInt64(UInt32.random(in: .min ... .max)) }
        let last = UInt64.max - UInt64(count - 1)
        guard let value = UInt64(seed), value <= last else { throw ValidationError("seed \(seed) is not a whole number from 0 through \(last)") }
        return value
    }

    func request(_ prompt: String, images: [[UInt8]], seed: UInt64) throws -> GenerateImageRequest {
        GenerateImageRequest(
            prompt: prompt, images: images, parameters: try options(seed: seed), model: modelName ?? "",
            partialImages: preview ? Previews.count : 0, explicitLabel: label)
    }

    private func options(seed: UInt64) throws -> ImageOptions {
        var options = ImageOptions(height: size?.height, width: size?.width, steps: steps, guidanceScale: guidance, seed: seed)
        options.jpegQuality = jpegQuality
        options.stepCache = stepCache
        if let output { options.format = try OutputFile(output).format }
        if greedy || temperature != nil || topP != nil || topK != nil {
            options.sampling = Sampling(greedy: greedy, temperature: temperature, topP: topP, topK: topK)
        }
        return options
    }
}

/// Width and height in pixels, as in `1024x768`.
struct PictureSize: ExpressibleByArgument {
    var width, height: Int

    init?(argument: String) {
        let sides = argument.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "x" || $0 == "X" || $0 == "×" }).map { Int($0) }
        guard sides.count == 2, let width = sides[0], let height = sides[1] else { return nil }
        self.width = width
        self.height = height
    }
}
