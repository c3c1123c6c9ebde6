import Domain
import ArgumentParser
import Devices
import ServerKit
import Tensor

/// What computes in this process.
struct DeviceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Device that computes: cpu, or npu:0 for the first accelerator that this process may see.", valueName: "device"),
        transform: DeviceID.read)
    var device = DeviceID.cpu

    @Option(
        help: ArgumentHelp("f32, or bf16 where the device has native bf16 products. Default: f32 on the CPU, bf16 on a card.", valueName: "precision")
    )
    var precision: Precision?

    @Option(help: ArgumentHelp("Threads of the CPU. Default: all processors.", valueName: "n"))
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
    }

    /// - Throws: `DeviceError` where there is no such device.
    func makeDevice() throws -> any Device { try device.makeDevice(precision: precision, threads: threads) }
}
