public import Tensor
import TensorAscend
public import TensorCPU

/// A device as a command line names it: `cpu`, `npu:0`.
public enum DeviceName: Sendable, Hashable, CustomStringConvertible {
    case cpu
    /// The number among the cards that this process may see.
    case npu(Int)

    /// - Throws: `DeviceError` for any other name. Whether there is such a card shows when it is made.
    public init(_ text: String) throws(DeviceError) {
        if text == "cpu" {
            self = .cpu
        } else if text.hasPrefix("npu:"), let number = Int(text.dropFirst(4)), (0..<1024).contains(number) {
            self = .npu(number)
        } else {
            throw DeviceError(.unavailable, "\"\(text)\" is no device: cpu, or npu:0 for the first card")
        }
    }

    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .npu(let number): "npu:\(number)"
        }
    }

    /// - Parameters:
    ///   - precision: the same words mean the same on every device: f32 throughout, or products in 16 bits; nil: f32 on the CPU,
    ///     16 bits on a card.
    ///   - threads: of the CPU.
    /// - Throws: `DeviceError`: no CANN here, no such card, a chip that is not supported.
    public func makeDevice(precision: CPUDevice.Precision?, threads: Int?) throws -> any Device {
        switch self {
        case .cpu: CPUDevice(threads: threads, precision: precision ?? .f32)
        case .npu(let number): try AscendDevice(number, precision: precision == .f32 ? .f32 : .bf16)
        }
    }
}
