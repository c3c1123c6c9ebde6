import Domain
import Foundation
import ServerKit
import Wire

/// What is told of a picture: where it is, and everything that made it.
struct PictureReport: Sendable, Encodable {
    let file: String
    let format: String
    let width, height: Int
    let seed: UInt64
    let steps: Int
    let guidanceScale: Float
    let model: String
    let modelFingerprint: String
    let build: String
    let requestID: String
    let timings: [Phase]
    /// How the stages computed, by kind.
    let numerics: [Computing]

    struct Phase: Sendable, Encodable {
        let stage, instance, phase: String
        let seconds: Double
    }

    struct Computing: Sendable, Encodable {
        let stage, precision, kernels, quantization: String
        let tileSide: Int

        enum CodingKeys: String, CodingKey {
            case stage, precision, kernels, quantization
            case tileSide = "tile_side"
        }
    }

    enum CodingKeys: String, CodingKey {
        case file, format, width, height, seed, steps, model, build, timings, numerics
        case guidanceScale = "guidance_scale"
        case modelFingerprint = "model_fingerprint"
        case requestID = "request_id"
    }

    init(_ file: OutputFile, _ image: GeneratedImage, requestID: String?) {
        self.file = file.path
        format = image.parameters.format.rawValue
        width = image.parameters.width
        height = image.parameters.height
        seed = image.parameters.seed
        steps = image.parameters.steps
        guidanceScale = image.parameters.guidanceScale
        model = image.modelName
        modelFingerprint = image.modelFingerprint
        build = image.build
        self.requestID = requestID ?? ""
        timings = image.timings.map { Phase(stage: $0.stage, instance: $0.instance, phase: $0.phase, seconds: $0.seconds) }
        numerics = image.numerics.map {
            Computing(
                stage: $0.stage, precision: $0.numerics.precision, kernels: $0.numerics.kernels, quantization: $0.numerics.quantization,
                tileSide: $0.numerics.tileSide)
        }
    }

    /// Two lines: the place, and what to repeat it with.
    func print(toError: Bool) throws(StandardStream.Failure) {
        let seconds = stageSeconds.map { "\($0.stage) \(Self.rounded($0.seconds)) s" }.joined(separator: ", ")
        let text = """
            \((toError ? "standard output" : file).printable): \(width)x\(height), seed \(seed), \(steps) steps, guidance \(guidanceScale), model \(model.printable) \(modelFingerprint.printable)
            \(seconds)
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
