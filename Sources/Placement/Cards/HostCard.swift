public import Domain
import Foundation
import TensorCPU

/// The host as a card: its processors, and the memory that is available to new processes.
enum HostCard {
    /// - Parameter proc: the folder that Linux tells of itself in.
    static func read(proc: URL) -> Card? {
        let lines = text(proc, "meminfo")
        guard let total = kibibytes("MemTotal", lines) else { return nil }
        let model = text(proc, "cpuinfo").first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last
        return Card(
            device: .cpu, chip: model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "processors", memory: total,
            free: kibibytes("MemAvailable", lines), processors: ProcessInfo.processInfo.activeProcessorCount, precision: Card.hostPrecision,
            source: .host)
    }

    private static func text(_ proc: URL, _ name: String) -> [Substring] {
        ((try? String(contentsOf: proc.appendingPathComponent(name), encoding: .utf8)) ?? "").split(separator: "\n")
    }

    /// `MemTotal:       24684096 kB`, in bytes.
    private static func kibibytes(_ key: String, _ lines: [Substring]) -> Int? {
        let value = lines.first { $0.hasPrefix("\(key):") }.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") }
        return value.flatMap { (0...Card.mostMebibytes * 1024).contains($0) ? $0 * 1024 : nil }
    }
}

extension Card {
    /// What this machine's processors multiply natively.
    public static var hostPrecision: Precision { KernelSet.best.nativePrecision }
}
