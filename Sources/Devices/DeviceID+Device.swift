public import Domain
import Foundation
public import Tensor
import TensorAscend
public import TensorCPU

extension DeviceID {
    /// The device of this number in this process. Its name is the machine's: what ``VisibleDevices`` says that the number
    /// stands for, so that logs, status and metrics name the card. A card is tested at the shapes of the models first.
    ///
    /// - Parameters:
    ///   - precision: an accelerator multiplies bf16 natively; of the CPU, its kernels say.
    ///   - threads: of the CPU; nil: all processors that this process may use.
    ///   - kernels: of the CPU; nil: the fastest that it runs.
    ///   - determinism: of an accelerator; nil: the highest level that it takes.
    ///   - comparesRows: an accelerator's rows are compared bit by bit, for ``DeviceReport`` to tell.
    /// - Throws: `DeviceError`: no CANN here, no such accelerator, a chip or a level that is not supported, kernels that this CPU does not run.
    public func makeDevice(
        precision: PrecisionChoice, threads: Int?, kernels: KernelSet? = nil, determinism: DeterminismLevel? = nil, comparesRows: Bool = true
    ) throws -> any Device {
        switch self {
        case .cpu:
            if let kernels, !kernels.isAvailable {
                let known = KernelSet.allCases.filter(\.isAvailable).map(\.rawValue).joined(separator: ", ")
                throw DeviceError(.unavailable, "this CPU does not run the kernels \(kernels); it runs \(known)")
            }
            let native = (kernels ?? .best).nativePrecision
            return CPUDevice(threads: threads, precision: precision.precision(native: native), kernels: kernels)
        case .npu(let number):
            return try AscendDevice(
                number, name: "\(onMachine)", precision: precision.precision(native: .bf16), determinism: determinism,
                selfTest: comparesRows ? .fullWithRows : .full)
        }
    }

    /// The same device as the machine counts it.
    public var onMachine: DeviceID { VisibleDevices(environment: ProcessInfo.processInfo.environment)?.onMachine(self) ?? self }
}
