import ArgumentParser
import Checkpoint
import Devices
import Domain
import Files
import Foundation
import GLM4V
import GLMImage
import Imaging
import ServerKit
import Tensor
import TensorCPU

/// `glm inspect`: what a checkpoint is and needs, and whether every tensor is there, shaped as its configuration says, used and finite; what
/// a picture's file says of itself; or what a device is.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a checkpoint is and needs, and check it; what a picture says of itself; or, with --device, what a device is.",
        discussion:
            "Of a checkpoint every weight is read; exit code 1 for one that can't be used. Of a picture nothing is verified: anybody can write anything there."
    )

    @Argument(help: ArgumentHelp("A model's folder; or a PNG, JPEG or WebP file, - for standard input.", valueName: "path"))
    var path: String?

    @Option(
        help: ArgumentHelp(
            "Show a device instead, and run its self-test: cpu, or npu:0 for the first accelerator that this process may see.",
            valueName: "device"),
        transform: DeviceID.read)
    var device: DeviceID?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if path == nil, device == nil { throw ValidationError("name a model's folder, a picture, or --device") }
        if path != nil, device != nil { throw ValidationError("give either a path or --device, not both") }
    }

    func run() throws {
        if let device { return try tell(DeviceReport(device.makeDevice(precision: .auto, threads: nil))) }
        guard let path else { return }
        var isFolder: ObjCBool = false
        if InputFile.isStandardInput(path) || (FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue) {
            return try tell(picture: InputFile.read(path, limit: RequestLimits.maximumImageBytes), path)
        }
        let folder = try ModelFolder(URL(filePath: path, directoryHint: .isDirectory))
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

    private func tell(picture: [UInt8], _ path: String) throws {
        let report: ImageStatementReport
        do { report = try ImageStatementReport(picture) } catch { throw ClientError("\(path): \(error)") }
        if json { try printJSON(report, snakeCase: true) } else { try printLine(report.text) }
    }

    private func tell(_ report: DeviceReport) throws {
        if json { try printJSON(report) } else { try printLine(report.lines.joined(separator: "\n")) }
    }
}
