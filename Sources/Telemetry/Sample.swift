/// A value that is read when somebody asks, not counted as it happens: the length of a queue, the memory of a card.
public struct Sample: Sendable {
    public enum Kind: String, Sendable, Hashable { case counter, gauge }

    public var name: String
    public var help: String
    public var kind: Kind
    public var labels: [(String, String)]
    /// Labels that are left out where the name would have more series than ``MetricLimits/series``: of those that differ in nothing else the
    /// sum is told.
    public var merged: [String]
    public var value: Double

    public init(
        _ name: String, _ help: String, _ kind: Kind = .gauge, labels: [(String, String)] = [], merged: [String] = [], _ value: Double
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.merged = merged
        self.value = value
    }
}
