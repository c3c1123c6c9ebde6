/// Requests that outlive their caller, and the process that took them.
///
/// Every change is one transaction that checks the state it leaves and is kept when the call returns, so a job is ended exactly
/// once, whatever dies in between. A cancelled task does not cut a change short. Times are the store's own, in milliseconds
/// since 1970, UTC. Bytes are opaque.
public protocol JobStore: Sendable {
    var limits: JobLimits { get }
    /// How long a claim holds that is not renewed. Nil: as long as its process lives, for no other one has the store.
    var lease: Duration? { get }
    /// What other processes do with the jobs; for one reader. Ends at once where there are none.
    var changes: AsyncStream<JobChange> { get }

    // MARK: The life of a job

    /// Keeps a request. The same id with the same request is the same job, in whatever state it is by now.
    func submit(_ submission: Job.Submission) async throws(JobsError) -> Job
    /// Begins the job that has waited longest, of the submitters with the fewest that run: who leaves many does not keep others waiting. Nil when
    /// none waits.
    func claimNext() async throws(JobsError) -> Job.Claim?
    /// Makes leases as long as at first.
    /// - Returns: the claims that still hold: the others' jobs were ended or claimed again.
    func renew(_ claims: [Job.Claim]) async throws(JobsError) -> [Job.Claim]
    /// Ends a claimed job with its result. Refused when the job was ended or claimed again meanwhile, and for a result
    /// larger than ``JobLimits/resultBytes``.
    @discardableResult
    func finish(_ claim: Job.Claim, _ result: Job.Result) async throws(JobsError) -> Job
    /// Ends a claimed job without a result. Refused when the job was ended or claimed again meanwhile.
    @discardableResult
    func fail(_ claim: Job.Claim, _ failure: Job.Failure) async throws(JobsError) -> Job
    /// Puts a claimed job back at its place in the line, as if it had not been begun: for a process that is told to end.
    @discardableResult
    func giveBack(_ claim: Job.Claim) async throws(JobsError) -> Job
    /// Ends a job that has not ended; one that has stays as it is. Whoever works on it can't finish it any more.
    func cancel(_ id: String) async throws(JobsError) -> Job
    /// Puts jobs whose process ended, or slept through its lease, back into the line, at their old places. One that has been
    /// begun ``JobLimits/attempts`` times fails. To be called before the first claim, and from time to time where there are leases.
    /// - Parameter exhaustedCode: of the failure of the latter.
    @discardableResult
    func recover(exhaustedCode: Int) async throws(JobsError) -> JobRecovery

    // MARK: What is there

    func get(_ id: String) async throws(JobsError) -> Job
    /// The newest first.
    /// - Parameter number: jobs older than this one; nil: from the newest on.
    func list(before number: Int64?, limit: Int) async throws(JobsError) -> [Job]
    /// Of a job that is done; others are refused with their state.
    func result(_ id: String) async throws(JobsError) -> Job.Result
    func counts() async throws(JobsError) -> JobCounts
    /// Writes nothing that means anything: does the storage work?
    func checkWritable() async throws(JobsError)
    /// All jobs as they are now, as a file for ``SQLiteJobStore``. Refused as unsupported where they are not the store's own file.
    func copy() async throws(JobsError) -> JobCopy

    // MARK: What is there no more

    /// Jobs that ended longer ago than this, the oldest first.
    func expired(after age: Duration, limit: Int) async throws(JobsError) -> [Job]
    /// Forgets jobs that have ended, with requests and results, and gives their space back.
    /// - Returns: how many were there.
    @discardableResult
    func forget(_ jobs: [Job]) async throws(JobsError) -> Int
}

/// What another process did.
public struct JobChange: Sendable, Hashable {
    /// Nil: of any job, for word of some may have been lost.
    public var id: String?
    /// As far as it is known.
    public var state: Job.State?

    public init(id: String? = nil, state: Job.State? = nil) {
        self.id = id
        self.state = state
    }
}

/// What was found of processes that are gone.
public struct JobRecovery: Sendable, Hashable {
    /// Ids that wait again, in the order of submission.
    public var queued: [String]
    /// Ids that were begun too often, and failed.
    public var failed: [String]

    package init(queued: [String], failed: [String]) {
        self.queued = queued
        self.failed = failed
    }

    package static let nothing = JobRecovery(queued: [], failed: [])
}

extension Duration {
    /// Whole ones.
    package var inMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
