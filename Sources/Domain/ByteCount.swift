/// An amount of memory, as people write and read it.
public struct ByteCount: Sendable, Hashable, Comparable, LosslessStringConvertible {
    public static let mebibyte = 1 << 20
    public static let gibibyte = 1 << 30

    /// How a message explains what is expected.
    public static let syntax = "a number with KiB, MiB, GiB, MB or GB, such as 512MiB or 64GiB"

    public var bytes: Int

    public init(_ bytes: Int) { self.bytes = bytes }

    /// Binary as `GiB`, decimal as `GB`: the memory of a card that is sold as 64 GB is 64GiB.
    private static let units: [(name: String, bytes: Int)] = [
        ("KiB", 1 << 10), ("MiB", mebibyte), ("GiB", gibibyte), ("MB", 1_000_000), ("GB", 1_000_000_000),
    ]

    /// More than any machine has, and little enough that thousands of such amounts can be added.
    private static let most = Double(1 << 50)

    /// `512MiB`, `60.5 GB`: from one byte to 1024 TiB, with a unit. Nil for anything else.
    public init?(_ text: String) {
        guard let unit = Self.units.first(where: { text.hasSuffix($0.name) }) else { return nil }
        let number = text.dropLast(unit.name.count).filter { $0 != " " }
        guard let value = Double(number), (1...Self.most).contains(value * Double(unit.bytes)) else { return nil }
        self.init(Int(value * Double(unit.bytes)))
    }

    /// Rounded to a tenth: `17.7 GiB`, `3.2 MiB`.
    public var description: String {
        if bytes.magnitude >= Self.gibibyte { return "\(Self.tenths(Double(bytes) / Double(Self.gibibyte))) GiB" }
        return "\(Self.tenths(Double(bytes) / Double(Self.mebibyte))) MiB"
    }

    /// Whole mebibytes, rounded up and at least one, as a flag takes them: `512MiB`.
    public var flag: String { "\(max(1, bytes / Self.mebibyte + (bytes % Self.mebibyte > 0 ? 1 : 0)))MiB" }

    /// Of amounts that nobody has checked: what would not fit is the most that fits.
    public static func sum(_ amounts: some Sequence<Int>) -> Int {
        amounts.reduce(0) { sum, amount in
            let (total, overflow) = sum.addingReportingOverflow(amount)
            return overflow ? .max : total
        }
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    public static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
}
