public import Domain
public import Tensor
import TensorAscend
import TensorCPU

extension DeviceID {
    /// The device, as this process numbers it.
    ///
    /// - Parameters:
    ///   - precision: nil: f32 on the CPU, bf16 on an accelerator.
    ///   - threads: of the CPU; nil: all processors that this process may use.
    /// - Throws: `DeviceError`: no CANN here, no such accelerator, a chip that is not supported.
    public func makeDevice(precision: Precision?, threads: Int?) throws -> any Device {
        switch self {
        case .cpu: CPUDevice(threads: threads, precision: precision ?? .f32)
        case .npu(let number): try AscendDevice(number, precision: precision ?? .bf16)
        }
    }
}
