/// All series of one name, as they are told.
struct Family: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable { case counter, gauge, histogram }

    struct Series: Sendable, Hashable {
        let labels: Labels
        let reading: Reading
    }

    let name: String
    let help: String
    let kind: Kind
    var series: [Series]

    /// The name that is told of what a caller calls so.
    static func name(_ label: String, _ kind: Kind) -> String {
        let name = MetricName.metric(label)
        return kind == .counter && !name.hasSuffix("_total") ? name + "_total" : name
    }

    /// Names of the lines that a family writes: no other may use them.
    static func lines(_ name: String, _ kind: Kind) -> [String] {
        kind == .histogram ? [name, name + "_bucket", name + "_sum", name + "_count"] : [name]
    }
}

/// Prometheus's text format 0.0.4.
///
/// Reference: https://prometheus.io/docs/instrumenting/exposition_formats/ (text-based format).
enum Exposition {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// Families by name, series by labels: the same values give the same text.
    static func text(_ families: [Family]) -> String {
        var text = ""
        for family in families.sorted(by: { $0.name < $1.name }) where !family.series.isEmpty {
            if !family.help.isEmpty { text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n" }
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for series in family.series.sorted(by: { $0.labels < $1.labels }) {
                switch series.reading {
                case .number(let value): text += "\(family.name)\(labels(series.labels)) \(number(value))\n"
                case .histogram(let histogram): text += lines(of: histogram, family.name, series.labels)
                }
            }
        }
        return text
    }

    private static func lines(of histogram: Histogram, _ name: String, _ own: Labels) -> String {
        var text = ""
        var count: UInt64 = 0
        for (bound, inBucket) in zip(histogram.bounds + [.infinity], histogram.counts) {
            count += inBucket
            text += "\(name)_bucket\(labels(own, bound: bound)) \(count)\n"
        }
        text += "\(name)_sum\(labels(own)) \(number(histogram.sum))\n"
        text += "\(name)_count\(labels(own)) \(count)\n"
        return text
    }

    private static func labels(_ labels: Labels, bound: Double? = nil) -> String {
        var parts = labels.pairs.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
        if let bound { parts.append("le=\"\(number(bound))\"") }
        return parts.isEmpty ? "" : "{\(parts.joined(separator: ","))}"
    }

    /// As Go's ParseFloat reads it, whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { abs(value) < 0x1p53 ? "\($0)" : "\(value)" } ?? "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
