import ArgumentParser
import Devices
import Tensor
import TensorCPU

/// What computes in this process.
struct DeviceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What computes: cpu, or npu:0 for the first card that this process may see.", valueName: "device"))
    var device = "cpu"

    @Option(help: ArgumentHelp("f32, or bf16 where products are native in it. Default: f32 on the CPU, bf16 on a card.", valueName: "precision"))
    var precision: CPUDevice.Precision?

    @Option(help: ArgumentHelp("Threads of the CPU. Default: all processors.", valueName: "n"))
    var threads: Int?

    func validate() throws {
        do { _ = try DeviceName(device) } catch { throw ValidationError("--device: \(error)") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
    }

    /// - Throws: `DeviceError` where there is no such device.
    func makeDevice() throws -> any Device { try DeviceName(device).makeDevice(precision: precision, threads: threads) }
}
