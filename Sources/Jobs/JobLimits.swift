/// What a store takes. What it has taken can always be finished: room for the result is set aside at submission.
public struct JobLimits: Sendable, Hashable {
    /// Jobs that wait.
    public var queued = 256
    /// Jobs in all, ended ones included.
    public var kept = 100_000
    /// Requests, results and reserved results together.
    public var bytes = 8 << 30
    /// The largest result; so much is reserved for each job that has not ended.
    public var resultBytes = 32 << 20
    /// Times that a job is begun: one that ends its process each time must not do so for ever.
    public var attempts = 3

    public init() {}

    /// Bytes of a title.
    static let titleBytes = 1024

    /// SQLite's own limit of a value is 10⁹ bytes.
    static let valueBytes = 1_000_000_000

    func check() throws(JobsError) {
        for (name, value) in [("queued", queued), ("kept", kept), ("bytes", bytes), ("resultBytes", resultBytes), ("attempts", attempts)]
        where value < 1 {
            throw JobsError(.invalid, "limit \(name) is \(value); at least 1")
        }
        guard resultBytes <= Self.valueBytes else { throw JobsError(.invalid, "limit resultBytes is \(resultBytes); at most \(Self.valueBytes)") }
    }
}
