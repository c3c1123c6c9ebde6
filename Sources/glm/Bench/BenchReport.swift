import Devices
import Domain
import Foundation
import ModelTools
import Tensor
import TensorCPU

/// What `glm bench parts` prints.
struct BenchReport: Encodable {
    struct Row: Encodable {
        let part: String
        let workload: String
        let milliseconds: Double
        let tokensPerSecond: Double?
        /// The least that this device could take.
        let floorMilliseconds: Double
        let runs: Int
        /// Calls of the driver in one run; nil where there is none.
        let hostCalls: Int?
        /// Of one run; nil: not told.
        let joules: Double?
        let profile: Profile?
    }

    /// Where a part's time went, as shares of it.
    struct Profile: Encodable {
        let products, attention, elementWise: Double
        /// Outside the device's operations.
        let waiting: Double

        init(_ timing: PartTiming) {
            let operations = timing.operations
            products = operations.products / .seconds(timing.seconds)
            attention = operations.attention / .seconds(timing.seconds)
            elementWise = operations.elementWise / .seconds(timing.seconds)
            waiting = 1 - operations.total / .seconds(timing.seconds)
        }
    }

    let model: String
    let device: String
    /// The CPU's table of kernels, or the card's chip.
    let kernels: String
    let threads: Int?
    let precision: String
    /// Of a card.
    let determinism: DeterminismLevel?
    /// GFLOP/s of products in the precision that was asked for, and GB/s of memory reads.
    let productRate, readRate: Double
    let isLimitMeasured: Bool
    /// Seconds to load each stage.
    var load: [String: Double] = [:]
    private(set) var parts: [Row] = []
    var peakMemoryBytes: Int?

    init(model: String, device: any Device, limit: BenchLimit) {
        self.model = model
        self.device = device.name
        let told = DeviceReport(device)
        kernels = told.chip
        determinism = told.determinism
        threads = (device as? CPUDevice)?.threads
        precision = device.cacheType.rawValue
        productRate = limit.products / 1e9
        readRate = limit.memory / 1e9
        isLimitMeasured = limit.isMeasured
    }

    mutating func add(_ timing: PartTiming, profiled: Bool) {
        let products = timing.work.floatingPointOperations / (productRate * 1e9)
        let memory = timing.work.weightBytes / (readRate * 1e9)
        parts.append(
            Row(
                part: timing.part, workload: timing.workload, milliseconds: timing.seconds * 1000,
                tokensPerSecond: timing.tokens.map { Double($0) / timing.seconds }, floorMilliseconds: max(products, memory) * 1000,
                runs: timing.runs,
                hostCalls: timing.work.hostCalls?.total, joules: timing.joules, profile: profiled ? Profile(timing) : nil))
    }

    var table: String {
        var head = "\(model) on \(device): \(kernels), "
        if let threads { head += "\(threads) threads, " }
        // Of a card.
        let hasDriver = parts.contains { $0.hostCalls != nil }
        var lines = [
            head + precision + (determinism.map { ", deterministic \($0)" } ?? ""),
            String(format: "limit, \(isLimitMeasured ? "measured" : "published"): %.0f GFLOP/s, %.1f GB/s", productRate, readRate),
            "",
            row("part", "work", ["ms", "tokens/s", "floor ms", "of floor"] + (hasDriver ? ["calls", "joules"] : [])),
        ]
        for part in parts {
            let cells = [
                String(format: "%.2f", part.milliseconds), part.tokensPerSecond.map { String(format: "%.0f", $0) } ?? "",
                String(format: "%.2f", part.floorMilliseconds), String(format: "%.0f %%", 100 * part.floorMilliseconds / part.milliseconds),
            ]
            let driver = ["\(part.hostCalls ?? 0)", part.joules.map { String(format: "%.2f", $0) } ?? "not told"]
            lines.append(row(part.part, part.workload, cells + (hasDriver ? driver : [])))
        }
        let profiles = parts.compactMap { part in part.profile.map { (part, $0) } }
        if !profiles.isEmpty { lines += ["", row("part", "work", ["products", "attention", "elements", "waiting"])] }
        for (part, profile) in profiles {
            let shares = [profile.products, profile.attention, profile.elementWise, profile.waiting]
            lines.append(row(part.part, part.workload, shares.map { String(format: "%.1f %%", 100 * $0) }))
        }
        let loads = load.sorted { $0.key < $1.key }.map { String(format: "%@ %.0f ms", $0.key, $0.value * 1000) }.joined(separator: ", ")
        lines += ["", "load: \(loads)"]
        if let peakMemoryBytes { lines.append("peak memory: \(peakMemoryBytes >> 20) MiB") }
        return lines.joined(separator: "\n")
    }

    private func row(_ part: String, _ work: String, _ rest: [String]) -> String {
        part.padding(toLength: 12, withPad: " ", startingAt: 0) + work.padding(toLength: 26, withPad: " ", startingAt: 0)
            + rest.map { String(repeating: " ", count: max(0, 11 - $0.count)) + $0 }.joined()
    }
}
