import ArgumentParser
import Checkpoint
import Foundation
import GLMImage
import TensorCPU

/// `glm inspect`: what a checkpoint is and needs, and whether every tensor is there, shaped as its configuration says, and used.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a checkpoint is and needs, and check it.",
        discussion: "Reads configurations and headers; the weights are mapped, not read. Exit code 1 for a checkpoint that can't be used.")

    @Argument(help: "The model's folder.")
    var model: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let folder = try ModelFolder(URL(filePath: model, directoryHint: .isDirectory))
        // Each part takes each of its tensors by name and shape, and refuses to leave one over.
        let device = CPUDevice(threads: 1)
        _ = try VisionEncoder(model: folder, device: device)
        _ = try TextGenerator(model: folder, device: device)
        let renderer = try ImageRenderer(model: folder, device: device)
        let report = try InspectReport(folder, defaultSide: renderer.defaultSide)
        print(json ? try report.encoded() : report.text)
    }
}
