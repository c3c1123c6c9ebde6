import Domain
import ArgumentParser
import Devices
import ServerKit
import Stages
import Tensor
import TensorCPU

/// What computes in this process.
struct DeviceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Device that computes: cpu, or npu:0 for the first accelerator that this process may see.", valueName: "device"),
        transform: DeviceID.read)
    var device = DeviceID.cpu

    @Option(
        help: ArgumentHelp(
            "What products multiply: \(PrecisionChoice.explanation) Default: auto; of glm verify f32, as the reference was computed.",
            valueName: "precision"))
    var precision: PrecisionChoice?

    @Option(help: ArgumentHelp("Threads of the CPU. Default: all processors.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("Kernels of the CPU: \(KernelSet.names) Default: the fastest that this CPU runs.", valueName: "kernels"))
    var kernels: KernelSet?

    @Option(
        help: ArgumentHelp(
            "What CANN is to keep of the bits of results on an accelerator. \(DeterminismLevel.explanation) Default: the highest that the CANN here takes.",
            valueName: "level"))
    var deterministic: DeterminismLevel?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
        if let kernels, device != .cpu { throw ValidationError("--kernels \(kernels) is for the CPU; --device is \(device)") }
        try DeterminismLevel.check(deterministic, of: [device])
    }

    /// - Parameter standard: the precision where none is asked for.
    /// - Throws: `DeviceError` where there is no such device, or it does not take the level.
    func makeDevice(_ standard: PrecisionChoice = .auto) throws -> any Device {
        try makeDevices(standard).main
    }

    /// - Parameter ranks: devices among which passes are divided: the accelerators from ``device`` on, or shares of the CPU.
    /// - Throws: `DeviceError` where there are none such, or they can't exchange tensors.
    func makeDevices(_ standard: PrecisionChoice = .auto, ranks: Int = 1) throws -> DeviceGroup {
        let ids = device.number.map { first in (first..<first + ranks).map(DeviceID.npu) } ?? [.cpu]
        return try DeviceGroup(ids, ranks: ranks, threads: threads) {
            try $0.makeDevice(precision: precision ?? standard, threads: $1, kernels: kernels, determinism: deterministic)
        }
    }
}
