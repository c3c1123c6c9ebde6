public import Jobs
import Synchronization

/// Jobs that many processes share, in PostgreSQL.
///
/// A claim is a lease of the job: its owner renews it, and once it is over any other process may take the job. Each lease has a number that no
/// other ever has, and every step away from a running job asks for it, so whoever slept through its lease changes nothing. The clock is the
/// database's.
public final class PostgresJobStore: JobStore {
    public let limits: JobLimits
    private let address: PostgresAddress
    private let leaseTime: Duration
    /// Who this process is among the owners.
    private let owner: String
    /// What callers ask for may be large; the claims of this process don't wait behind it.
    private let callers, claims: PostgresConnection
    /// Of the database's clock: when the session of the claims began.
    private let began: Began

    public static let leaseTime = Duration.seconds(30)

    /// Connects when it is first needed. The tables are made where they are missing.
    /// - Parameter owner: a name that no other process has, then or later.
    public init(_ address: PostgresAddress, limits: JobLimits = JobLimits(), lease: Duration = leaseTime, owner: String) throws(JobsError) {
        try limits.check()
        let began = Began()
        self.address = address
        self.limits = limits
        self.owner = owner
        self.began = began
        leaseTime = lease
        callers = PostgresConnection(address, prepare: PostgresSchema.prepare)
        claims = PostgresConnection(address) { session throws(JobsError) in
            try PostgresSchema.prepare(session)
            began.time.store(try session.run(.now).first?.integer(0) ?? .max, ordering: .relaxed)
        }
    }

    public var lease: Duration? { leaseTime }

    public var changes: AsyncStream<JobChange> { PostgresListener.changes(address) }

    // MARK: - The life of a job

    public func submit(_ submission: Job.Submission) async throws(JobsError) -> Job {
        try submission.check()
        return try await callers.run { [limits] session throws(JobsError) in
            while true {
                let inserted = try session.run(
                    .submit,
                    [
                        .text(submission.id), .text(submission.title), .text(submission.submitter), .text(submission.trace),
                        .bytes(submission.request), .integer(limits.queued), .integer(limits.kept), .integer(limits.resultBytes),
                        .integer(limits.bytes),
                    ])
                if let row = inserted.first { return try Job(row) }
                if let row = try session.run(.compare, [.text(submission.id), .bytes(submission.request)]).first {
                    guard row.flag(Job.columns) else { throw JobsError.anotherRequest(submission.id) }
                    return try Job(row)
                }
                try limits.checkRoom(try Self.counts(session, limits), adding: submission.request.count)
                // There is room by now.
            }
        }
    }

    public func claimNext() async throws(JobsError) -> Job.Claim? {
        try await claims.run { [owner, leaseTime] session throws(JobsError) in
            while let row = try session.run(.claim, [.text(owner), .integer(leaseTime.inMilliseconds)]).first {
                let lease = try row.require(row.integer(3), 3)
                // Else it was cancelled meanwhile.
                guard let request = try session.run(.claimed, [.text(owner), .integer(lease)]).first?.bytes(0) else { continue }
                return Job.Claim(
                    id: try row.require(row.text(0), 0), submitter: try row.require(row.text(1), 1),
                    attempt: Int(try row.require(row.integer(2), 2)), lease: lease, request: request, trace: try row.require(row.text(4), 4))
            }
            return nil
        }
    }

    public func renew(_ claims: [Job.Claim]) async throws(JobsError) -> [Job.Claim] {
        try await self.claims.run { [owner, leaseTime] session throws(JobsError) in
            let rows = try session.run(.renew, [.text(owner), .integers(claims.map(\.lease)), .integer(leaseTime.inMilliseconds)])
            let held = Set(try rows.map { row throws(JobsError) in try row.require(row.integer(0), 0) })
            return claims.filter { held.contains($0.lease) }
        }
    }

    @discardableResult
    public func finish(_ claim: Job.Claim, _ result: Job.Result) async throws(JobsError) -> Job {
        try limits.check(result, of: claim)
        return try await leave(claim, "finished", .finish, [.bytes(result.bytes), .text(result.media), .text(orNull: result.object)])
    }

    @discardableResult
    public func fail(_ claim: Job.Claim, _ failure: Job.Failure) async throws(JobsError) -> Job {
        try await leave(claim, "failed", .fail, [.integer(failure.code), .text(failure.message)])
    }

    @discardableResult
    public func giveBack(_ claim: Job.Claim) async throws(JobsError) -> Job { try await leave(claim, "given back", .giveBack, []) }

    public func cancel(_ id: String) async throws(JobsError) -> Job {
        try await callers.run { session throws(JobsError) in
            if let row = try session.run(.cancel, [.text(id)]).first { return try Job(row) }
            return try Self.require(id, session)
        }
    }

    @discardableResult
    public func recover(exhaustedCode: Int) async throws(JobsError) -> JobRecovery {
        try await claims.run { [limits, leaseTime, began] session throws(JobsError) in
            let rows = try session.run(
                .recover,
                [
                    .integer(limits.attempts), .integer(exhaustedCode), .integer(began.time.load(ordering: .relaxed)),
                    .integer(leaseTime.inMilliseconds),
                ])
            let found = try rows.map { row throws(JobsError) in
                (id: try row.require(row.text(0), 0), state: row.text(1), number: try row.require(row.integer(2), 2))
            }.sorted { $0.number < $1.number }
            func ids(_ state: Job.State) -> [String] { found.filter { $0.state == state.rawValue }.map(\.id) }
            return JobRecovery(queued: ids(.queued), failed: ids(.failed))
        }
    }

    /// A step away from the claim's lease: done only if the job is still in it.
    private func leave(
        _ claim: Job.Claim, _ done: String, _ statement: PostgresStatement, _ values: [PostgresValue]
    ) async throws(JobsError) -> Job {
        try await claims.run { [owner] session throws(JobsError) in
            if let row = try session.run(statement, [.text(claim.id), .text(owner), .integer(claim.lease)] + values).first { return try Job(row) }
            throw JobsError.void(claim, done, now: try Self.require(claim.id, session))
        }
    }

    // MARK: - What is there

    public func get(_ id: String) async throws(JobsError) -> Job {
        try await callers.run { session throws(JobsError) in try Self.require(id, session) }
    }

    public func list(before number: Int64?, limit: Int) async throws(JobsError) -> [Job] {
        try await callers.run { session throws(JobsError) in
            try session.run(.list, [.integer(number ?? .max), .integer(limit)]).map { row throws(JobsError) in try Job(row) }
        }
    }

    public func result(_ id: String) async throws(JobsError) -> Job.Result {
        try await callers.run { session throws(JobsError) in
            guard let row = try session.run(.result, [.text(id)]).first else { throw JobsError.noResult(try Self.require(id, session)) }
            return Job.Result(bytes: try row.require(row.bytes(0), 0), media: try row.require(row.text(1), 1), object: row.text(2))
        }
    }

    public func counts() async throws(JobsError) -> JobCounts {
        try await callers.run { [limits] session throws(JobsError) in try Self.counts(session, limits) }
    }

    public func checkWritable() async throws(JobsError) {
        try await callers.run { session throws(JobsError) in _ = try session.run(.touch) }
    }

    public func copy() async throws(JobsError) -> JobCopy {
        throw JobsError(.unsupported, "the jobs are in PostgreSQL; its pg_dump copies them")
    }

    // MARK: - What is there no more

    public func expired(after age: Duration, limit: Int) async throws(JobsError) -> [Job] {
        try await callers.run { session throws(JobsError) in
            try session.run(.expired, [.integer(age.inMilliseconds), .integer(limit)]).map { row throws(JobsError) in try Job(row) }
        }
    }

    @discardableResult
    public func forget(_ jobs: [Job]) async throws(JobsError) -> Int {
        try await callers.run { session throws(JobsError) in try session.run(.forget, [.integers(jobs.map(\.number))]).changed }
    }

    // MARK: -

    private static func require(_ id: String, _ session: PostgresSession) throws(JobsError) -> Job {
        guard let row = try session.run(.get, [.text(id)]).first else { throw JobsError.noJob(id) }
        return try Job(row)
    }

    private static func counts(_ session: PostgresSession, _ limits: JobLimits) throws(JobsError) -> JobCounts {
        var counts = JobCounts()
        guard let row = try session.run(.counts).first else { return counts }
        counts.queued = Int(try row.require(row.integer(0), 0))
        counts.running = Int(try row.require(row.integer(1), 1))
        counts.ended = Int(try row.require(row.integer(2), 2))
        counts.bytes = Int(try row.require(row.integer(3), 3)) + (counts.queued + counts.running) * limits.resultBytes
        return counts
    }
}

private final class Began: Sendable {
    let time = Atomic<Int64>(.max)
}
