import Domain
import CKernels
import Tensor

/// The most that the machine can do, measured: no operation is faster than its products at `productRate` or its bytes at `readRate`.
public struct MachineFloor: Sendable, Hashable {
    public let threads: Int
    /// GFLOP/s of f32 products on operands that stay in the first-level cache.
    public let productRate: Double
    /// The same with bf16 operands; nil where the processor has no such product.
    public let bf16ProductRate: Double?
    /// GB/s of reading memory that no cache holds.
    public let readRate: Double

    /// Measures for about two seconds.
    /// - Parameter byteCount: how much memory is read; more than the last cache holds.
    public static func measure(threads: Int? = nil, byteCount: Int = 512 << 20) -> MachineFloor {
        let device = CPUDevice(threads: threads, precision: .bf16)
        let memory = device.makeTensor([byteCount / 4], .f32)
        memory.address.initializeMemory(as: UInt8.self, repeating: 0, count: memory.byteCount)
        return MachineFloor(
            threads: device.threads,
            productRate: ck_measure_product_rate(device.context, false, 0.5),
            bf16ProductRate: device.precision == .bf16 ? ck_measure_product_rate(device.context, true, 0.5) : nil,
            readRate: ck_measure_read_rate(device.context, memory.address, memory.byteCount, 8))
    }
}
