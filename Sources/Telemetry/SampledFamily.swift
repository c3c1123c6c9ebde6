/// The samples of one name, on their way to be told.
struct SampledFamily {
    let name: String
    let help: String
    let kind: Family.Kind
    /// See ``Sample/merged``.
    let merged: [String]
    private(set) var values: [Labels: Double] = [:]
    /// In the order in which they came.
    private var order: [Labels] = []

    init(name: String, help: String, kind: Family.Kind, merged: [String]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.merged = merged
    }

    /// - Returns: why the sample can't be told; nil: it will be.
    mutating func add(_ sample: Sample, _ kind: Family.Kind) -> Refusals.Reason? {
        guard kind == self.kind else { return .kind }
        guard let labels = Labels(sample.labels), values[labels] == nil else { return .labels }
        values[labels] = sample.value
        order.append(labels)
        return nil
    }

    /// Leaves out labels that may be, if there are more series than `limit`.
    /// - Returns: whether it was done.
    mutating func merge(over limit: Int) -> Bool {
        guard order.count > limit, !merged.isEmpty else { return false }
        let before = self
        (values, order) = ([:], [])
        for labels in before.order {
            let rest = labels.without(merged)
            if values[rest] == nil { order.append(rest) }
            values[rest, default: 0] += before.values[labels] ?? 0
        }
        return true
    }

    /// - Parameter most: series; those that came last are left out.
    func family(most: Int) -> Family {
        let series = order.prefix(most).map { Family.Series(labels: $0, reading: .number(values[$0] ?? 0)) }
        return Family(name: name, help: help, kind: kind, series: series)
    }
}

/// What is told of series that are told together.
enum Merging {
    static let name = "glm_telemetry_merged_series_limit"

    static func family(of metrics: [String], limit: Int) -> Family {
        let series = metrics.compactMap { metric in
            Labels([("metric", metric)]).map { Family.Series(labels: $0, reading: .number(Double(limit))) }
        }
        return Family(
            name: name, help: "Series that a metric may have; it would have more, and tells the sum of those that differ in the label stage alone.",
            kind: .gauge, series: series)
    }
}
