public import Domain
public import Tensor
import TensorAscend
import TensorCPU

extension Device {
    /// Calls `tell`, at most once, when a card that recorded steps stops doing so, with what a report says of it.
    public func whenRecordingFails(_ tell: @escaping @Sendable (String) -> Void) {
        guard let card = self as? AscendDevice else { return }
        card.whenRecordingFails = { [name] in tell("\(name) goes on without recorded steps: \($0)") }
    }
}

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
    /// Of a card.
    public let determinism: DeterminismLevel?
    /// Rows that were compared bit by bit; empty where none were.
    public let rowComparisons: [RowComparison]

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
        determinism = card?.determinism
        rowComparisons = card?.rowComparisons ?? []
    }

    enum CodingKeys: String, CodingKey {
        case name, chip, cann, driver, memory, missing, fallbacks, determinism
        case freeMemory = "free_memory"
        case rowComparisons = "row_comparisons"
    }

    /// One line, then one for each thing that it does without, and what was found of the bits of rows.
    public var lines: [String] {
        var head = "\(name): \(chip)"
        if let cann { head += ", CANN \(cann)" }
        if let driver { head += ", driver \(driver)" }
        if let freeMemory, let memory { head += ", \(freeMemory >> 20) of \(memory >> 20) MiB free" }
        if let determinism { head += ", deterministic \(determinism)" }
        return [head] + missing.map { "  CANN has no \($0)" } + fallbacks.map { "  without \($0)" } + bitLines
    }

    /// Of those rows, in words, that do not have the same bits or were not compared.
    public var bitDifferences: [String] { rowComparisons.filter { !$0.isEqual }.map(\.description) }

    private var bitLines: [String] {
        guard !rowComparisons.isEmpty else { return [] }
        let differences = bitDifferences
        return differences.isEmpty ? ["  rows have the same bits alone, together and twice"] : differences.map { "  \($0)" }
    }
}
