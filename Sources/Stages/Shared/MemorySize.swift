public import ArgumentParser

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
