/// Bytes as people write and read them.
enum ByteCount {
    static let gibibyte = 1 << 30
    static let mebibyte = 1 << 20

    /// Decimal as `GB`, binary as `GiB`: the memory of a card that is sold as 64 GB is 64GiB.
    private static let units: [(name: String, bytes: Int)] = [
        ("GiB", gibibyte), ("MiB", mebibyte), ("GB", 1_000_000_000), ("MB", 1_000_000),
    ]

    /// `64GiB`, `60.5 GB`; nil for anything else.
    static func parse(_ text: String) -> Int? {
        for unit in units where text.hasSuffix(unit.name) {
            let number = text.dropLast(unit.name.count).filter { $0 != " " }
            guard let value = Double(number), value.isFinite, value > 0, value * Double(unit.bytes) < 1e18 else { return nil }
            return Int(value * Double(unit.bytes))
        }
        return nil
    }

    /// `17.7 GiB`, `3.2 MiB`.
    static func text(_ bytes: Int) -> String {
        if abs(bytes) >= gibibyte { return "\(tenths(Double(bytes) / Double(gibibyte))) GiB" }
        return "\(tenths(Double(bytes) / Double(mebibyte))) MiB"
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
