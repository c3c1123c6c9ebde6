/// What a metric is, for the one who reads it.
public struct MetricDescription: Sendable, Hashable {
    public var name: String
    /// One sentence, with the unit.
    public var help: String
    /// Upper bounds of a histogram's buckets, ascending, without infinity.
    public var buckets: [Double]
    /// Of a counter or a histogram: labels that are left out of series beyond ``MetricLimits/series``, which are counted together.
    public var merged: [String]

    public init(_ name: String, _ help: String, buckets: [Double] = Self.seconds, merged: [String] = []) {
        precondition(
            zip(buckets, buckets.dropFirst()).allSatisfy(<) && buckets.allSatisfy(\.isFinite), "buckets of \(name) do not ascend: \(buckets)")
        self.name = name
        self.help = help
        self.buckets = buckets
        self.merged = merged
    }

    /// From a cache's answer to a large picture on a slow device.
    public static let seconds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
}

/// Bounds of what is kept: a label that takes its values from requests must not fill the memory.
public struct MetricLimits: Sendable, Hashable {
    /// Names in all.
    public var names = 500
    /// Series of one name.
    public var series = 200

    public init() {}
}
