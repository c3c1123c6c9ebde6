import ArgumentParser
import Checkpoint
import Devices
import Domain
import Foundation
import GLM4V
import GLMImage
import ServerKit
import Tensor
import TensorCPU

/// `glm inspect`: what a checkpoint is and needs, and whether every tensor is there, shaped as its configuration says, used and finite; or
/// what a device is.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a checkpoint is and needs, and check it; with --device, what a device is.",
        discussion: "Reads every weight. Exit code 1 for a checkpoint that can't be used.")

    @Argument(help: "The model's folder.")
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Show a device instead of a checkpoint, and run its self-test: cpu, or npu:0 for the first accelerator that this process may see.",
            valueName: "device"),
        transform: DeviceID.read)
    var device: DeviceID?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if model == nil, device == nil { throw ValidationError("name a model's folder, or --device") }
        if model != nil, device != nil { throw ValidationError("give either a model's folder or --device, not both") }
    }

    func run() throws {
        if let device { return try tell(DeviceReport(device.makeDevice(precision: nil, threads: nil))) }
        guard let model else { return }
        let folder = try ModelFolder(URL(filePath: model, directoryHint: .isDirectory))
        let report = try InspectReport(folder, defaultSide: try load(folder))
        if json { try printJSON(report) } else { try printLine(report.text) }
    }

    /// Each part of the model takes each of its tensors by name and shape, and refuses to leave one over.
    /// - Returns: the side of the image that the model draws best; nil: it draws none.
    private func load(_ folder: ModelFolder) throws -> Int? {
        let device = CPUDevice(threads: 1)
        switch folder.pipeline {
        case .image:
            _ = try VisionEncoder(model: folder, device: device)
            _ = try TextGenerator(model: folder, device: device)
            return try ImageRenderer(model: folder, devices: DeviceGroup(device)).defaultSide
        case .answer:
            _ = try PictureEncoder(model: folder, device: device)
            _ = try AnswerGenerator(model: folder, device: device)
            return nil
        }
    }

    private func tell(_ report: DeviceReport) throws {
        if json { try printJSON(report) } else { try printLine(report.lines.joined(separator: "\n")) }
    }
}
