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
    package static let titleBytes = 1024

    /// SQLite's own limit of a value is 10⁹ bytes.
    package static let valueBytes = 1_000_000_000

    package func check() throws(JobsError) {
        for (name, value) in [("queued", queued), ("kept", kept), ("bytes", bytes), ("resultBytes", resultBytes), ("attempts", attempts)]
        where value < 1 {
            throw JobsError(.invalid, "limit \(name) is \(value); at least 1")
        }
        guard resultBytes <= Self.valueBytes else { throw JobsError(.invalid, "limit resultBytes is \(resultBytes); at most \(Self.valueBytes)") }
    }

    /// Refuses a request that there is no room for.
    package func checkRoom(_ counts: JobCounts, adding request: Int) throws(JobsError) {
        let need = request + resultBytes
        guard need <= bytes else {
            throw JobsError(.tooLarge, "the request is \(request) bytes; with \(resultBytes) for its result it is over the \(bytes) of all jobs")
        }
        guard counts.queued < queued else { throw JobsError(.full, "\(counts.queued) jobs wait; at most \(queued)") }
        let kept = counts.queued + counts.running + counts.ended
        guard kept < self.kept else { throw JobsError(.full, "\(kept) jobs are kept; at most \(self.kept)") }
        guard counts.bytes + need <= bytes else {
            throw JobsError(.full, "jobs take \(counts.bytes) bytes, this one needs \(need) with its result; at most \(bytes) together")
        }
    }

    package func check(_ result: Job.Result, of claim: Job.Claim) throws(JobsError) {
        guard result.bytes.count <= resultBytes else {
            throw JobsError(.tooLarge, "the result of job \(claim.id) is \(result.bytes.count) bytes; at most \(resultBytes)")
        }
    }
}
