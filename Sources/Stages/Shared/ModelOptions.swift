public import Domain
public import ArgumentParser
public import Checkpoint
import Devices
import Foundation
import GLMTiny
public import ServerKit
public import Tensor
import ModelConfiguration
public import TensorCPU

/// The flags of a process that holds a part of the model.
public struct ModelOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The checkpoint's folder, as Hugging Face lays it out. Default: GLM_MODEL, else the glm-tiny beside this program.", valueName: "dir"))
    public var model: String?

    @Option(
        help: ArgumentHelp(
            "Name of the model in requests and in glm status. Default: its folder's last component; org/name for a snapshot in Hugging Face's cache.",
            valueName: "name"))
    public var modelName: String?

    @Option(
        help: ArgumentHelp(
            "Device that computes: cpu, or npu:0 for the first accelerator that this process may see. The diffusion process may have two, as npu:0,npu:1: the second computes the unconditional branch of guidance, with a copy of the transformer of its own; with --ulysses-degree or --tensor-parallel-size each branch has as many. The text process has as many as --tensor-parallel-size says. Default: cpu.",
            valueName: "devices"),
        transform: DeviceList.read)
    public var device = DeviceList([.cpu])

    @Option(help: ArgumentHelp("Threads that compute. Default: one for each processor that this process may use.", valueName: "n"))
    public var threads: Int?

    @Option(help: ArgumentHelp("What products multiply: \(PrecisionChoice.explanation)", valueName: "precision"))
    public var precision = PrecisionChoice.auto

    @Option(
        help: ArgumentHelp(
            "Kernels of the CPU: \(KernelSet.names) Stages on different CPUs give the same image for the same seed only with the same kernels. Default: the fastest that this CPU runs.",
            valueName: "kernels"))
    public var kernels: KernelSet?

    @Option(
        help: ArgumentHelp(
            "What CANN is to keep of the bits of results on an accelerator. \(DeterminismLevel.explanation) The higher, the slower. Default: the highest that the CANN here takes.",
            valueName: "level"))
    public var deterministic: DeterminismLevel?

    public init() {}

    public func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
        try DeterminismLevel.check(deterministic, of: device.devices)
    }

    /// The folder, checked as far as its own index goes; the parts' files are read by the parts.
    public func folder() throws -> ModelFolder {
        guard let url = model.map({ URL(fileURLWithPath: $0) }) ?? GLMTiny.locate() else {
            throw ValidationError("no model: --model names none, GLM_MODEL neither, and there is no glm-tiny beside this program")
        }
        return try ModelFolder(url)
    }

    /// The devices that `--device` names.
    /// - Parameters:
    ///   - kind: of this process: it says how many it can use.
    ///   - ranks: among how many of them each pass is divided.
    ///   - division: how it is.
    ///   - timeout: how long one waits for the others, in seconds; nil: the default.
    /// - Throws: `ValidationError` for another number of them; `DeviceError` if there is no such device, or it can't exchange tensors.
    public func makeDevices(
        for kind: StageKind, ranks: Int = 1, dividing division: PassDivision? = nil, timeout: Int? = nil
    ) throws -> DeviceGroup {
        let ids = device.devices, counts = kind.descriptor.deviceCounts(ranks: ranks)
        guard counts.contains(ids.count) || ids == [.cpu] else {
            let arrangement = ranks > 1 ? division.map { " with \($0.flag) \(ranks)" } ?? "" : ""
            throw ValidationError(
                "--device names \(ids.count) devices; this process computes on \(counts.map(String.init).joined(separator: " or "))\(arrangement)")
        }
        // What a row is computed with matters where requests are computed together.
        let comparesRows = kind.descriptor.options.contains(.batch)
        return try DeviceGroup(ids, ranks: ranks, timeout: timeout, threads: threads) {
            try $0.makeDevice(precision: precision, threads: $1, kernels: kernels, determinism: deterministic, comparesRows: comparesRows)
        }
    }
}

extension StageModel {
    /// What Describe reports of a loaded model.
    /// - Parameters:
    ///   - kind: of this process.
    ///   - options: what it was loaded with.
    ///   - devices: what computes it.
    ///   - division: of each pass among the ranks of a side.
    ///   - tileSide: of the VAE's tiles; 0: none.
    /// - Throws: `CheckpointError`.
    public init(
        _ folder: ModelFolder, for kind: StageKind, _ options: ModelOptions, _ devices: DeviceGroup, dividing division: PassDivision? = nil,
        defaultSide: Int = 0, tileSide: Int = 0
    ) throws {
        let numerics = Numerics(devices, dividing: division, quantization: try folder.quantization(kind), tileSide: tileSide)
        let reports = devices.devices.map { DeviceReport($0) }
        var notes = reports.flatMap(\.lines)
        if options.precision == .bf16, numerics.precision != Precision.bf16.rawValue {
            notes.append("computes in \(numerics.precision): bf16 was asked for, and \(numerics.kernels) does not multiply it natively")
        }
        self.init(
            name: options.modelName ?? folder.name, fingerprint: try folder.fingerprint(kind), device: devices.name,
            numerics: numerics, defaultSide: defaultSide, pipeline: folder.pipeline.rawValue, notes: notes,
            bitDifferences: reports.flatMap { report in report.bitDifferences.map { "\(report.name): \($0)" } })
    }
}

extension KernelSet: ExpressibleByArgument {
    /// As options explain them.
    public static var names: String { "generic; avx2, avx512, avx512bf16 or amx; on aarch64 neon or neonbf16." }
}
