public import ArgumentParser
import Foundation

/// The flags of the text process alone.
public struct TextOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Requests that draw their tokens together.", valueName: "n"))
    public var batch = 16

    @Option(
        help: ArgumentHelp(
            "Memory for keys and values, as 512MiB or 4GiB. Default: for a full batch of edits of the checkpoint's best size, at most a quarter of the machine's memory.",
            valueName: "size"))
    public var kvCache: MemorySize?

    public init() {}

    public func validate() throws {
        guard (1...64).contains(batch) else { throw ValidationError("--batch is \(batch); 1 to 64") }
    }

    /// What is asked for, or `usual` within bounds.
    func cacheBytes(usual: Int) -> Int { kvCache?.bytes ?? min(usual, Int(ProcessInfo.processInfo.physicalMemory / 4)) }
}

/// Bytes, written with a unit.
public struct MemorySize: ExpressibleByArgument, Sendable, Hashable {
    public let bytes: Int

    private static let units: [(name: String, bytes: Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]

    public init?(argument: String) {
        for unit in Self.units where argument.hasSuffix(unit.name) {
            guard let count = Int(argument.dropLast(unit.name.count)), (1...1 << 30).contains(count) else { return nil }
            bytes = count * unit.bytes
            return
        }
        return nil
    }
}
