import Devices
import Domain
import Tensor
import TensorCPU

/// The most that a device could do.
struct BenchLimit {
    /// Operations of products in the device's precision, a second.
    let products: Double
    /// Bytes of its memory, a second.
    let memory: Double
    /// Whether this run measured it; else it is from the chip's data.
    let isMeasured: Bool

    /// Measures the CPU; looks a card up.
    init(_ device: any Device) throws {
        if let cpu = device as? CPUDevice {
            let floor = MachineFloor.measure(threads: cpu.threads)
            products = 1e9 * (cpu.precision == .bf16 ? floor.bf16ProductRate ?? floor.productRate : floor.productRate)
            memory = 1e9 * floor.readRate
            isMeasured = true
            return
        }
        let report = DeviceReport(device)
        guard case .figures(let figures) = ChipCatalogue.support(report.chip, memory: report.memory), let bandwidth = figures.bandwidth else {
            throw ClientError("\(report.name): no figures of \(report.chip) are known")
        }
        products = figures.operations
        memory = bandwidth
        isMeasured = false
    }
}
