public import Domain
public import Tensor
import TensorAscend
import TensorCPU

extension Numerics {
    /// How these devices compute together.
    /// - Parameters:
    ///   - division: of each pass among the ranks of a side.
    ///   - quantization: of the weights; empty: none.
    ///   - tileSide: of the VAE's tiles; 0: none.
    public init(_ group: DeviceGroup, dividing division: PassDivision? = nil, quantization: String = "", tileSide: Int = 0) {
        func told(_ value: (any Device) -> String) -> String {
            let values = group.devices.map(value)
            return Set(values).count == 1 ? values[0] : values.joined(separator: "+")
        }
        self.init(
            precision: told(\.precisionName),
            kernels: told { $0.kernelsName(quantization) } + (group.ranks > 1 ? division.map { "+\($0.label(group.ranks))" } ?? "" : ""),
            quantization: quantization, tileSide: tileSide,
            determinism: group.devices.compactMap { ($0 as? AscendDevice)?.determinism.rawValue }.min())
    }
}

extension Device {
    fileprivate var precisionName: String {
        switch self {
        case let device as CPUDevice: device.precision.rawValue
        case let device as AscendDevice: device.precision.rawValue
        default: ""
        }
    }

    /// A card computes by its chip and its CANN, and by the fused operators that it does without, and always multiplies int8 weights in
    /// int8; a CPU's products of such weights by whether it does.
    fileprivate func kernelsName(_ quantization: String) -> String {
        switch self {
        case let device as CPUDevice: return device.features + (quantization.contains("int8") && device.multipliesInt8 ? "+int8" : "")
        case let device as AscendDevice:
            let without = device.fallbacks.map { String($0.prefix { $0 != ":" }) }.sorted()
            return device.information.chip + (quantization.contains("int8") ? "+int8" : "") + (device.information.cann.map { " CANN \($0)" } ?? "")
                + (without.isEmpty ? "" : " without \(without.joined(separator: ", "))")
        default: return ""
        }
    }
}
