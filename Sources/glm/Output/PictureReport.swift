import Domain
import Foundation
import ServerKit
import Wire

/// What is told of a picture: where it is, and everything that made it.
struct PictureReport: Sendable, Encodable {
    let file: String
    /// What the question model made of the prompt; nil: the prompt was taken as it was.
    let enhancedPrompt: String?
    let format: String
    let width, height: Int
    let seed: UInt64
    let steps: Int
    let guidanceScale: Float
    let stepCache: Float
    /// Steps that were computed in full.
    let fullSteps: Int
    let model: String
    let modelFingerprint: String
    let explicitLabel: Bool
    let build: String
    let requestID: String
    let timings: [Phase]
    /// How the stages computed, by kind.
    let numerics: [Computing]

    init(_ file: OutputFile, _ image: GeneratedImage, enhancedPrompt: String? = nil, requestID: String?) {
        self.file = file.path
        self.enhancedPrompt = enhancedPrompt
        format = image.parameters.format.rawValue
        width = image.parameters.width
        height = image.parameters.height
        seed = image.parameters.seed
        steps = image.parameters.steps
        guidanceScale = image.parameters.guidanceScale
        stepCache = image.parameters.stepCache
        fullSteps = image.fullSteps
        model = image.modelName
        modelFingerprint = image.modelFingerprint
        explicitLabel = image.explicitLabel
        build = image.build
        self.requestID = requestID ?? ""
        timings = image.timings.map(Phase.init)
        numerics = image.numerics.map(Computing.init)
    }

    /// Two lines: the place and what to repeat it with, and how it was computed.
    func print(toError: Bool) throws(StandardStream.Failure) {
        let seconds = stageSeconds.map { "\($0.stage) \(Self.rounded($0.seconds)) s" }.joined(separator: ", ")
        let cached = stepCache > 0 ? ", step cache \(stepCache): \(fullSteps) in full" : ""
        let work = [seconds, timings.joulesText ?? "", numerics.text.printable].filter { !$0.isEmpty }
        let text = """
            \((toError ? "standard output" : file).printable): \(width)x\(height), seed \(seed), \(steps) steps\(cached), guidance \(guidanceScale), model \(model.printable) \(modelFingerprint.printable)
            \(work.joined(separator: "; "))
            """
        try (toError ? StandardStream.error : .output).writeLines(text)
    }

    /// By stage, in the order of the work. The gateway's own phase is the whole request.
    private var stageSeconds: [(stage: String, seconds: Double)] {
        var sums: [(stage: String, seconds: Double)] = []
        for timing in timings {
            let name = timing.stage == "gateway" ? timing.phase : timing.stage
            if let index = sums.firstIndex(where: { $0.stage == name }) {
                sums[index].seconds += timing.seconds
            } else {
                sums.append((name, timing.seconds))
            }
        }
        return sums
    }

    private static func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
