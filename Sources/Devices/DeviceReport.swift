public import Tensor
import TensorAscend
import TensorCPU

/// What a device is, for `glm inspect` and for logs.
public struct DeviceReport: Sendable, Encodable {
    /// `npu:0`.
    public let name: String
    /// `Ascend910B3`, or the CPU's kernels.
    public let chip: String
    /// Versions of the software below, where it reports them.
    public let cann, driver: String?
    /// Bytes of the card's memory when the device was made; nil for the CPU.
    public let freeMemory, memory: Int?
    /// Optional functions that this CANN lacks.
    public let missing: [String]
    /// Fused operators, and recorded steps, that the self-test ruled out, and why.
    public let fallbacks: [String]

    public init(_ device: any Device) {
        name = device.name
        let card = device as? AscendDevice
        chip = card?.information.chip ?? (device as? CPUDevice)?.features ?? ""
        cann = card?.information.cann
        driver = card?.information.driver
        freeMemory = card?.information.freeMemory
        memory = card?.information.memory
        missing = card?.information.missing ?? []
        fallbacks = (card?.fallbacks ?? []) + (card?.recordingFailure.map { ["recorded steps: \($0)"] } ?? [])
    }

    enum CodingKeys: String, CodingKey {
        case name, chip, cann, driver, memory, missing, fallbacks
        case freeMemory = "free_memory"
    }

    /// One line, then one for each thing that it does without.
    public var lines: [String] {
        var head = "\(name): \(chip)"
        if let cann { head += ", CANN \(cann)" }
        if let driver { head += ", driver \(driver)" }
        if let freeMemory, let memory { head += ", \(freeMemory >> 20) of \(memory >> 20) MiB free" }
        return [head] + missing.map { "  CANN has no \($0)" } + fallbacks.map { "  without \($0)" }
    }
}
