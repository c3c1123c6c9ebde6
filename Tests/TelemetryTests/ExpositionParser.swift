/// A strict reader of the text format 0.0.4: it refuses what promtool or Prometheus refuses.
///
/// Checked: one HELP and one TYPE for a name, before its samples; the lines of a name together; names, label names and
/// escapes; no series twice; counters end in `_total` and don't fall below zero; buckets ascend, are cumulative, end with +Inf
/// and agree with the count; the text ends with a line feed.
struct ExpositionParser {
    struct Metric: Equatable {
        var help: String?
        var type: String
        /// By the name of the line and its labels.
        var samples: [Series: Double] = [:]
    }

    struct Series: Hashable {
        var name: String
        var labels: [String: String]

        init(_ name: String, _ labels: [String: String] = [:]) {
            self.name = name
            self.labels = labels
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let line: Int
        let message: String
        var description: String { "line \(line): \(message)" }
    }

    /// Names in the order of the text.
    private(set) var names: [String] = []
    private(set) var metrics: [String: Metric] = [:]
    private var line = 0

    init(_ text: String) throws {
        guard text.isEmpty || text.unicodeScalars.last == "\n" else { throw Failure(line: 0, message: "no line feed at the end") }
        var help: (name: String, text: String)?
        for part in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            line += 1
            var scanner = Scanner(scalars: Array(part), line: line)
            if scanner.take("# HELP ") {
                guard help == nil else { throw fail("HELP without TYPE before") }
                let name = try scanner.name(colon: true)
                try scanner.expect(" ")
                help = (name, try scanner.helpText())
            } else if scanner.take("# TYPE ") {
                let name = try scanner.name(colon: true)
                try scanner.expect(" ")
                let type = scanner.rest()
                guard ["counter", "gauge", "histogram"].contains(type) else { throw fail("type \(type)") }
                guard metrics[name] == nil else { throw fail("\(name) twice") }
                guard help == nil || help?.name == name else { throw fail("HELP of another name") }
                if type == "counter", !name.hasSuffix("_total") { throw fail("counter \(name) does not end in _total") }
                try finishLast()
                metrics[name] = Metric(help: help?.text, type: type)
                names.append(name)
                help = nil
            } else {
                guard help == nil else { throw fail("HELP without TYPE") }
                try sample(&scanner)
            }
        }
        try finishLast()
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let family = metrics.first {
            name == $0.key
                || ($0.value.type == "histogram" && ["_bucket", "_sum", "_count"].contains(String(name.dropFirst($0.key.count)))
                    && name.hasPrefix($0.key))
        }
        return family?.value.samples[Series(name, labels)]
    }

    private mutating func sample(_ scanner: inout Scanner) throws {
        let name = try scanner.name(colon: true)
        guard let current = names.last, let type = metrics[current]?.type else { throw fail("sample \(name) before any TYPE") }
        let allowed = type == "histogram" ? ["_bucket", "_sum", "_count"].map { current + $0 } : [current]
        guard allowed.contains(name) else { throw fail("sample \(name) among those of \(current)") }
        let series = Series(name, try scanner.labels())
        try scanner.expect(" ")
        let value = try scanner.value()
        guard metrics[current]?.samples[series] == nil else { throw fail("series twice") }
        guard (series.labels["le"] != nil) == name.hasSuffix("_bucket") || type != "histogram" else { throw fail("le") }
        if type == "counter", !(value >= 0) { throw fail("counter \(value)") }
        metrics[current]?.samples[series] = value
        if type == "histogram" { order.append((series, value)) }
    }

    /// The lines of the histogram being read.
    private var order: [(series: Series, value: Double)] = []

    private mutating func finishLast() throws {
        defer { order = [] }
        guard let name = names.last, let metric = metrics[name] else { return }
        guard !metric.samples.isEmpty else { throw fail("\(name) has no samples") }
        guard metric.type == "histogram" else { return }
        let groups = Dictionary(grouping: order) { $0.series.labels.filter { $0.key != "le" } }
        for (labels, lines) in groups {
            let buckets = lines.filter { $0.series.name == name + "_bucket" }
            let bounds = try buckets.map { try Scanner.number($0.series.labels["le"] ?? "", line: line) }
            guard bounds.last == .infinity, zip(bounds, bounds.dropFirst()).allSatisfy(<) else { throw fail("bounds of \(name)\(labels): \(bounds)") }
            guard zip(buckets, buckets.dropFirst()).allSatisfy({ $0.value <= $1.value }) else { throw fail("\(name)\(labels) is not cumulative") }
            guard let count = metric.samples[Series(name + "_count", labels)], metric.samples[Series(name + "_sum", labels)] != nil else {
                throw fail("\(name)\(labels) has no sum or count")
            }
            guard buckets.last?.value == count else { throw fail("\(name)\(labels): +Inf and count differ") }
        }
    }

    private func fail(_ message: String) -> Failure { Failure(line: line, message: message) }

    struct Scanner {
        var scalars: [Unicode.Scalar]
        var at = 0
        let line: Int

        init(scalars: [Unicode.Scalar], line: Int) {
            self.scalars = scalars
            self.line = line
        }

        private var peek: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

        mutating func take(_ text: String) -> Bool {
            let wanted = Array(text.unicodeScalars)
            guard scalars[at...].starts(with: wanted) else { return false }
            at += wanted.count
            return true
        }

        mutating func expect(_ text: String) throws {
            guard take(text) else { throw Failure(line: line, message: "\"\(text)\" missing at column \(at)") }
        }

        mutating func rest() -> String {
            defer { at = scalars.count }
            return String(String.UnicodeScalarView(scalars[at...]))
        }

        mutating func name(colon: Bool) throws -> String {
            var out = String.UnicodeScalarView()
            while let scalar = peek, scalar.isASCII,
                scalar.properties.isAlphabetic || scalar == "_" || (colon && scalar == ":")
                    || (!out.isEmpty && scalar.properties.numericType != nil)
            {
                out.append(scalar)
                at += 1
            }
            guard !out.isEmpty else { throw Failure(line: line, message: "no name at column \(at)") }
            return String(out)
        }

        mutating func helpText() throws -> String { try text(until: nil) }

        mutating func labels() throws -> [String: String] {
            guard take("{") else { return [:] }
            var labels: [String: String] = [:]
            repeat {
                let name = try name(colon: false)
                try expect("=\"")
                guard labels.updateValue(try text(until: "\""), forKey: name) == nil else {
                    throw Failure(line: line, message: "label \(name) twice")
                }
                try expect("\"")
            } while take(",")
            try expect("}")
            return labels
        }

        mutating func value() throws -> Double { try Self.number(rest(), line: line) }

        static func number(_ text: String, line: Int) throws -> Double {
            switch text {
            case "+Inf": return .infinity
            case "-Inf": return -.infinity
            case "NaN": return .nan
            default:
                guard text.unicodeScalars.allSatisfy({ "+-.0123456789e".unicodeScalars.contains($0) }), let value = Double(text) else {
                    throw Failure(line: line, message: "number \"\(text)\"")
                }
                return value
            }
        }

        /// With escapes resolved: `\\`, `\n`, and `\"` where quotes delimit.
        private mutating func text(until end: Unicode.Scalar?) throws -> String {
            var out = String.UnicodeScalarView()
            while let scalar = peek, scalar != end {
                at += 1
                guard scalar == "\\" else {
                    out.append(scalar)
                    continue
                }
                switch peek {
                case "\\": out.append("\\")
                case "n": out.append("\n")
                case "\"" where end != nil: out.append("\"")
                default: throw Failure(line: line, message: "escape at column \(at)")
                }
                at += 1
            }
            return String(out)
        }
    }
}
