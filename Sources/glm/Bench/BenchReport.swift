import Foundation
import GLMImage
import Tensor
import TensorCPU

/// What `glm bench` prints.
struct BenchReport: Encodable {
    struct Row: Encodable {
        let part: String
        let workload: String
        let milliseconds: Double
        let tokensPerSecond: Double?
        /// The least that this machine could take.
        let floorMilliseconds: Double
        let runs: Int
    }

    let model: String
    let device: String
    let kernels: String
    let threads: Int
    let precision: String
    /// GFLOP/s of products in the precision that was asked for, and GB/s of memory reads, measured in this run.
    let productRate: Double
    let readRate: Double
    /// Seconds to load each stage.
    var load: [String: Double] = [:]
    private(set) var parts: [Row] = []
    var peakMemoryBytes: Int?

    init(model: String, device: CPUDevice, floor: MachineFloor) {
        self.model = model
        self.device = device.name
        kernels = device.features
        threads = device.threads
        precision = device.precision.rawValue
        productRate = device.precision == .bf16 ? floor.bf16ProductRate ?? floor.productRate : floor.productRate
        readRate = floor.readRate
    }

    mutating func add(_ timing: PartTiming) {
        let products = timing.work.floatingPointOperations / (productRate * 1e9)
        let memory = timing.work.weightBytes / (readRate * 1e9)
        parts.append(
            Row(
                part: timing.part, workload: timing.workload, milliseconds: timing.seconds * 1000,
                tokensPerSecond: timing.tokens.map { Double($0) / timing.seconds }, floorMilliseconds: max(products, memory) * 1000, runs: timing.runs))
    }

    func encoded() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var table: String {
        var lines = [
            "\(model) on \(device): \(kernels), \(threads) threads, \(precision)",
            String(format: "limit: %.0f GFLOP/s, %.1f GB/s", productRate, readRate),
            "", row("part", "work", "ms", "tokens/s", "floor ms", "of floor"),
        ]
        for part in parts {
            lines.append(
                row(
                    part.part, part.workload, String(format: "%.2f", part.milliseconds), part.tokensPerSecond.map { String(format: "%.0f", $0) } ?? "",
                    String(format: "%.2f", part.floorMilliseconds), String(format: "%.0f %%", 100 * part.floorMilliseconds / part.milliseconds)))
        }
        let loads = load.sorted { $0.key < $1.key }.map { String(format: "%@ %.0f ms", $0.key, $0.value * 1000) }.joined(separator: ", ")
        lines += ["", "load: \(loads)"]
        if let peakMemoryBytes { lines.append("peak memory: \(peakMemoryBytes >> 20) MiB") }
        return lines.joined(separator: "\n")
    }

    private func row(_ part: String, _ work: String, _ rest: String...) -> String {
        part.padding(toLength: 12, withPad: " ", startingAt: 0) + work.padding(toLength: 26, withPad: " ", startingAt: 0)
            + rest.map { String(repeating: " ", count: max(0, 11 - $0.count)) + $0 }.joined()
    }
}
