import ArgumentParser
import Checkpoint
import Domain
import Foundation
import ModelTools

/// `glm quantize`: a checkpoint that takes half the memory and, on processors that multiply int8, half the time.
struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize", abstract: "Write a checkpoint with int8 weights.",
        discussion: """
            Weights of the products in the decoder, the vision tower and the diffusion transformer become int8 with a scale for each row; \
            all others, and all other files, are copied. The new checkpoint is read back and compared before it is put in its place; \
            if anything fails, and on Ctrl-C, nothing is left of it. Pictures and answers differ a little from the original's.
            """)

    enum Weights: String, ExpressibleByArgument, CaseIterable { case int8 }

    @Argument(help: ArgumentHelp("The model's folder.", valueName: "model"))
    var model: String

    @Argument(help: ArgumentHelp("The new checkpoint's folder; there must be nothing yet.", valueName: "out"))
    var output: String

    @Option(help: ArgumentHelp("What the weights become: int8.", valueName: "type"))
    var weights: Weights

    @Flag(help: "Don't show progress.")
    var quiet = false

    func run() async throws {
        let (model, output, quiet) = (model, output, quiet)
        try await Interruption.guarding {
            let screen = Screen(quiet: quiet)
            defer { screen.end() }
            let quantizer = try CheckpointQuantizer(
                model: ModelFolder(URL(filePath: model, directoryHint: .isDirectory)), output: URL(filePath: output, directoryHint: .isDirectory),
                progress: { screen.show($0.phase.rawValue, done: $0.done >> 20, total: $0.total >> 20, unit: "MiB") },
                checkCancellation: { try Task.checkCancellation() })
            let summary = try quantizer.run()
            screen.end()
            try printLine(
                "\(output): \(summary.quantizedTensors) weights are int8 now, each within half a step of what it was; "
                    + "\(summary.copiedTensors) are equal; \(ByteCount(summary.sourceBytes)) became \(ByteCount(summary.bytes))")
        }
    }
}
