/// The labels of a series, in the order of their names.
struct Labels: Sendable, Hashable, Comparable {
    let pairs: [Pair]

    struct Pair: Sendable, Hashable {
        let name: String
        let value: String
    }

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
        var bytes = text.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            case UInt8(ascii: ":") where alsoColon: byte
            default: UInt8(ascii: "_")
            }
        }
        if bytes.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
