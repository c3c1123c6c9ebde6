import ArgumentParser
import Foundation
import ServerKit
import Stages
import Domain

/// `glm bench fleet`: how long a fleet takes to come up, and what of a picture's time is not its stages' work.
struct BenchFleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "Time a whole fleet: its cold start, and an image stage by stage.",
        discussion: "Starts a private fleet, draws one image after another with it, and ends it. Run it on an idle machine.")

    @Option(help: ArgumentHelp("The model's folder. Default: GLM_MODEL, else the glm-tiny beside this program.", valueName: "dir"))
    var model: String?
    @Option(help: "Side of the square image in pixels, a multiple of 32. Default: what the model draws best.") var side: Int?
    @Option(help: "Denoising steps.") var steps = 20
    @Option(help: "Threads of each stage; all processors by default.") var threads: Int?
    @Option(help: ArgumentHelp(PrecisionChoice.explanation)) var precision = PrecisionChoice.auto
    @Option(help: "Partial images, 1 to 3: each image is made with and without them, to show when the first comes and what they cost.")
    var partialImages = 0
    @Option(help: "Seconds spent on images.") var seconds = 5.0
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        try checkUsage(ImageOptions(height: side, width: side, steps: steps).check)
        try checkUsage { () throws(RequestError) in try RequestLimits.checkPartialImages(partialImages) }
        guard threads ?? 1 >= 1 else { throw ValidationError("--threads \(threads ?? 0) is under 1") }
        guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds \(seconds) is outside 0 through 600") }
    }

    func run() async throws {
        let benchmark = FleetBenchmark(
            model: model, threads: threads, precision: precision, side: side, steps: steps, partialImages: partialImages, budget: .seconds(seconds))
        try await Interruption.guarding {
            let report = try await benchmark.run()
            if json { try printJSON(report, snakeCase: true) } else { try printLine(report.table) }
        }
    }
}
