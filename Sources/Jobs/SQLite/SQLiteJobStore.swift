import Foundation
import GRDB
import Synchronization

/// The jobs of one process, in a file of its own.
///
/// What a call has answered is on disk, and survives a loss of power. No other process has the file meanwhile, so claims need no leases.
public final class SQLiteJobStore: JobStore {
    public let path: String
    public let limits: JobLimits
    public let lease: Duration? = nil
    private let queue: DatabaseQueue
    let clock: @Sendable () -> Int64
    /// Of this process no job is lost, however often it looks.
    let hasRecovered = Atomic(false)

    /// Opens the file, or makes it; nobody else can until this store is closed or gone. Call ``recover(exhaustedCode:)`` next.
    public convenience init(path: String, limits: JobLimits = JobLimits()) throws(JobsError) {
        try self.init(path: path, limits: limits) { Int64(Date().timeIntervalSince1970 * 1000) }
    }

    /// - Parameter clock: milliseconds since 1970, UTC.
    package init(path: String, limits: JobLimits, clock: @escaping @Sendable () -> Int64) throws(JobsError) {
        try limits.check()
        self.path = path
        self.limits = limits
        self.clock = clock
        queue = try JobFile.open(path)
    }

    /// Gives the file free. Calls after this fail.
    public func close() throws(JobsError) {
        do { try queue.close() } catch { throw JobsError(error, path) }
    }

    public var changes: AsyncStream<JobChange> { AsyncStream { $0.finish() } }

    // MARK: - The life of a job

    public func submit(_ submission: Job.Submission) async throws(JobsError) -> Job {
        try submission.check()
        let now = clock(), id = submission.id
        return try await write { [limits] db in
            let bytes = Data(submission.request)
            if let job = try Job.fetch(db, id) {
                let isSame = try Bool.fetchOne(
                    db, sql: "SELECT bytes = ? FROM request JOIN job ON job = sequence WHERE id = ?", arguments: [bytes, id])
                guard isSame == true else { throw JobsError.anotherRequest(id) }
                return job
            }
            try limits.checkRoom(try JobCounts.fetch(db, limits), adding: bytes.count)
            try db.execute(
                sql: "INSERT INTO job (id, title, submitter, trace, state, submitted, requestBytes) VALUES (?, ?, ?, ?, 'queued', ?, ?)",
                arguments: [id, submission.title, submission.submitter, submission.trace, now, bytes.count])
            try db.execute(sql: "INSERT INTO request (job, bytes) VALUES (?, ?)", arguments: [db.lastInsertedRowID, bytes])
            return try Job.require(db, id)
        }
    }

    public func claimNext() async throws(JobsError) -> Job.Claim? {
        let now = clock()
        return try await write { db in
            guard
                let next = try Row.fetchOne(
                    db,
                    sql: """
                        WITH busy AS (SELECT submitter, count(*) AS jobs FROM job WHERE state = 'running' GROUP BY submitter)
                        SELECT sequence, id, submitter, attempts, trace, bytes FROM job JOIN request ON job = sequence WHERE sequence = (
                            SELECT sequence FROM job LEFT JOIN busy USING (submitter) WHERE state = 'queued' ORDER BY ifnull(jobs, 0), sequence LIMIT 1)
                        """)
            else { return nil }
            let sequence: Int64 = try next.decode(forColumn: "sequence")
            let attempt = try timesBegun(next) + 1
            let claim = Job.Claim(
                id: try next.decode(forColumn: "id"), submitter: try next.decode(forColumn: "submitter"), attempt: attempt, lease: Int64(attempt),
                request: try bytes(next), trace: try next.decode(forColumn: "trace"))
            try db.execute(
                sql: "UPDATE job SET state = 'running', attempts = ?, began = ? WHERE sequence = ? AND state = 'queued'",
                arguments: [claim.attempt, now, sequence])
            return claim
        }
    }

    public func renew(_ claims: [Job.Claim]) async throws(JobsError) -> [Job.Claim] {
        try await write { db in
            try claims.filter { claim in
                let job = try Job.fetch(db, claim.id)
                return job?.state == .running && job?.attempts == claim.attempt
            }
        }
    }

    @discardableResult
    public func finish(_ claim: Job.Claim, _ result: Job.Result) async throws(JobsError) -> Job {
        try limits.check(result, of: claim)
        let size = result.bytes.count
        return try await leave(
            claim, "finished", "state = 'done', ended = ?, resultBytes = ?, media = ?, object = ?", [clock(), size, result.media, result.object]
        ) { db in
            try db.execute(
                sql: "INSERT INTO result (job, bytes) SELECT sequence, ? FROM job WHERE id = ?", arguments: [Data(result.bytes), claim.id])
        }
    }

    @discardableResult
    public func fail(_ claim: Job.Claim, _ failure: Job.Failure) async throws(JobsError) -> Job {
        try await leave(
            claim, "failed", "state = 'failed', ended = ?, failureCode = ?, failureMessage = ?", [clock(), failure.code, failure.message])
    }

    @discardableResult
    public func giveBack(_ claim: Job.Claim) async throws(JobsError) -> Job {
        try await leave(claim, "given back", "state = 'queued', began = NULL, attempts = attempts - 1", [])
    }

    public func cancel(_ id: String) async throws(JobsError) -> Job {
        let now = clock()
        return try await write { db in
            try db.execute(
                sql: "UPDATE job SET state = 'cancelled', ended = ? WHERE id = ? AND state IN ('queued', 'running')", arguments: [now, id])
            return try Job.require(db, id)
        }
    }

    // MARK: - What is there

    public func get(_ id: String) async throws(JobsError) -> Job {
        try await write { db in try Job.require(db, id) }
    }

    public func list(before number: Int64?, limit: Int) async throws(JobsError) -> [Job] {
        try await write { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM job WHERE sequence < ? ORDER BY sequence DESC LIMIT ?", arguments: [number ?? .max, limit]
            ).map(Job.init(row:))
        }
    }

    public func result(_ id: String) async throws(JobsError) -> Job.Result {
        try await write { db in
            let job = try Job.require(db, id)
            let sql = "SELECT bytes, media, object FROM job JOIN result ON job = sequence WHERE id = ?"
            guard let row = try Row.fetchOne(db, sql: sql, arguments: [id]) else { throw JobsError.noResult(job) }
            return Job.Result(bytes: try bytes(row), media: try row.decode(forColumn: "media"), object: try row.decode(forColumn: "object"))
        }
    }

    public func counts() async throws(JobsError) -> JobCounts {
        try await write { [limits] db in try JobCounts.fetch(db, limits) }
    }

    /// Writes a page of the file.
    public func checkWritable() async throws(JobsError) {
        try await write { db in
            let mark = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            try db.execute(sql: "PRAGMA user_version = \((mark &+ 1) & 0x7fff_ffff)")
        }
    }

    // MARK: -

    /// A step away from the claim's attempt: done only if the job is still in it.
    private func leave(
        _ claim: Job.Claim, _ done: String, _ assignments: String, _ values: StatementArguments,
        then: @escaping @Sendable (Database) throws -> Void = { _ in }
    ) async throws(JobsError) -> Job {
        try await write { db in
            try db.execute(
                sql: "UPDATE job SET \(assignments) WHERE id = ? AND state = 'running' AND attempts = ?",
                arguments: values + [claim.id, claim.attempt])
            guard db.changesCount == 1 else { throw JobsError.void(claim, done, now: try Job.require(db, claim.id)) }
            try then(db)
            return try Job.require(db, claim.id)
        }
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(JobsError) -> Value {
        let result = await withCheckedContinuation { continuation in
            queue.asyncWrite(body) { continuation.resume(returning: $1) }
        }
        do { return try result.get() } catch { throw JobsError(error, path) }
    }
    /// For what SQLite refuses to do within one.
    func outsideTransactions<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(JobsError) -> Value {
        let result = await withCheckedContinuation { continuation in
            queue.asyncWriteWithoutTransaction { db in continuation.resume(returning: Result { try body(db) }) }
        }
        do { return try result.get() } catch { throw JobsError(error, path) }
    }
}
