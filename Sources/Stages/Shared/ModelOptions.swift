public import Domain
public import ArgumentParser
public import Checkpoint
import Devices
import Foundation
import GLMTiny
public import ServerKit
public import Tensor

/// The flags of a process that holds a part of the model.
public struct ModelOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The checkpoint's folder, as Hugging Face lays it out. Default: GLM_MODEL, else the glm-tiny beside this program.", valueName: "dir"))
    public var model: String?

    @Option(help: ArgumentHelp("What requests and operators call the model. Default: the last component of its folder.", valueName: "name"))
    public var modelName: String?

    @Option(
        help: ArgumentHelp("What computes: cpu, or npu:0 for the first accelerator that this process may see.", valueName: "device"),
        transform: DeviceID.read)
    public var device = DeviceID.cpu

    @Option(help: ArgumentHelp("Threads that compute. Default: one for each processor that this process may use.", valueName: "n"))
    public var threads: Int?

    @Option(help: ArgumentHelp("f32, or bf16 where products are native in it. Default: f32 on the CPU, bf16 on a card.", valueName: "precision"))
    public var precision: Precision?

    public init() {}

    public func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
    }

    /// The folder, checked as far as its own index goes; the parts' files are read by the parts.
    public func folder() throws -> ModelFolder {
        guard let url = model.map({ URL(fileURLWithPath: $0) }) ?? GLMTiny.locate() else {
            throw ValidationError("no model: --model names none, GLM_MODEL neither, and there is no glm-tiny beside this program")
        }
        return try ModelFolder(url)
    }

    /// - Parameter other: a second device; nil: the one that `--device` names.
    /// - Throws: `DeviceError` where there is no such device.
    public func makeDevice(_ other: DeviceID? = nil) throws -> any Device {
        try (other ?? device).makeDevice(precision: precision, threads: threads)
    }
}

extension StageModel {
    /// What Describe reports of a loaded model.
    /// - Parameters:
    ///   - options: what it was loaded with.
    ///   - devices: what it is on, the main one first.
    public init(_ folder: ModelFolder, _ options: ModelOptions, _ devices: [any Device], defaultSide: Int = 0) {
        self.init(
            name: options.modelName ?? folder.url.standardizedFileURL.lastPathComponent, fingerprint: folder.fingerprint,
            device: devices.map(\.name).joined(separator: ","), defaultSide: defaultSide,
            notes: devices.flatMap { DeviceReport($0).lines })
    }
}
