/// The labels of a series, in the order of their names.
struct Labels: Sendable, Hashable, Comparable {
    let pairs: [Pair]

    struct Pair: Sendable, Hashable {
        let name: String
        let value: String
    }

    private init(pairs: [Pair]) { self.pairs = pairs }

    func without(_ names: some Sequence<String>) -> Labels { Labels(pairs: pairs.filter { !names.contains($0.name) }) }

    /// Names are brought into Prometheus's alphabet. Nil when two are the same then, or one is reserved: "le", or begins with "__".
    init?(_ dimensions: [(String, String)]) {
        let pairs = dimensions.map { Pair(name: MetricName.label($0.0), value: $0.1) }.sorted { $0.name < $1.name }
        guard !pairs.contains(where: { $0.name == "le" || $0.name.hasPrefix("__") }) else { return nil }
        guard zip(pairs, pairs.dropFirst()).allSatisfy({ $0.name != $1.name }) else { return nil }
        self.pairs = pairs
    }

    static func < (a: Labels, b: Labels) -> Bool {
        a.pairs.lexicographicallyPrecedes(b.pairs) { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}

/// Prometheus's alphabet of names. swift-metrics has none, and libraries use dots: what is outside becomes an underscore.
enum MetricName {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    static func metric(_ text: String) -> String { name(text, alsoColon: true) }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`
    static func label(_ text: String) -> String { name(text, alsoColon: false) }

    private static func name(_ text: String, alsoColon: Bool) -> String {
        // Most are right as they are.
        if isName(text, alsoColon: alsoColon) { return text }
        var bytes = text.utf8.map { isAllowed($0, alsoColon: alsoColon) ? $0 : UInt8(ascii: "_") }
        if bytes.first.map(isDigit) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isName(_ text: String, alsoColon: Bool) -> Bool {
        guard let first = text.utf8.first, !isDigit(first) else { return false }
        return text.utf8.allSatisfy { isAllowed($0, alsoColon: alsoColon) }
    }

    private static func isAllowed(_ byte: UInt8, alsoColon: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: ":"): alsoColon
        default: isDigit(byte)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
