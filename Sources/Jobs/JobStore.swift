import Foundation
import GRDB

/// Requests that outlive their caller, and this process.
///
/// Every change is one transaction that checks the state it leaves and is on disk when the call returns, so a job is ended
/// exactly once, whatever dies in between. A cancelled task does not cut a change short. The store reads no clock: times are
/// the caller's, in milliseconds since 1970, UTC. Bytes are opaque.
public final class JobStore: Sendable {
    public let path: String
    public let limits: JobLimits
    private let queue: DatabaseQueue

    /// Opens the file, or makes it; nobody else can until this store is closed or gone. Call ``recover(at:exhaustedCode:)`` next.
    public init(path: String, limits: JobLimits = JobLimits()) throws(JobsError) {
        try limits.check()
        self.path = path
        self.limits = limits
        queue = try JobFile.open(path)
    }

    /// Gives the file free. Calls after this fail.
    public func close() throws(JobsError) {
        do { try queue.close() } catch { throw JobsError(error, path) }
    }

    // MARK: - The life of a job

    /// Keeps a request. The same id with the same request is the same job, in whatever state it is by now.
    /// - Parameters:
    ///   - id: 1 to 64 visible ASCII characters.
    ///   - title: at most ``JobLimits/titleBytes``, for lists.
    ///   - trace: that the work on it belongs to, in the submitter's words; empty: none.
    public func submit(
        _ id: String, request: [UInt8], title: String = "", submitter: String = "", trace: String = "", at now: Int64
    ) async throws(JobsError) -> Job {
        try Self.check(id, title)
        guard request.count <= JobLimits.valueBytes else {
            throw JobsError(.tooLarge, "the request of job \(id) is \(request.count) bytes; at most \(JobLimits.valueBytes)")
        }
        return try await write { [limits] db in
            let bytes = Data(request)
            if let job = try Job.fetch(db, id) {
                let isSame = try Bool.fetchOne(
                    db, sql: "SELECT bytes = ? FROM request JOIN job ON job = sequence WHERE id = ?", arguments: [bytes, id])
                guard isSame == true else { throw JobsError(.conflict, "job \(id) is another request; choose another id") }
                return job
            }
            try Self.checkRoom(limits, try JobCounts.fetch(db, limits), adding: request.count)
            try db.execute(
                sql: "INSERT INTO job (id, title, submitter, trace, state, submitted, requestBytes) VALUES (?, ?, ?, ?, 'queued', ?, ?)",
                arguments: [id, title, submitter, trace, now, request.count])
            try db.execute(sql: "INSERT INTO request (job, bytes) VALUES (?, ?)", arguments: [db.lastInsertedRowID, bytes])
            return try Job.require(db, id)
        }
    }

    /// Begins the job that has waited longest, of the submitters with the fewest that run: who leaves many does not keep others waiting. Nil when
    /// none waits.
    public func claimNext(at now: Int64) async throws(JobsError) -> Job.Claim? {
        try await write { db in
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
            let claim = Job.Claim(
                id: try next.decode(forColumn: "id"), submitter: try next.decode(forColumn: "submitter"), attempt: try timesBegun(next) + 1,
                request: try bytes(next), trace: try next.decode(forColumn: "trace"))
            try db.execute(
                sql: "UPDATE job SET state = 'running', attempts = ?, began = ? WHERE sequence = ? AND state = 'queued'",
                arguments: [claim.attempt, now, sequence])
            return claim
        }
    }

    /// Ends a claimed job with its result. Refused when the job was ended or claimed again meanwhile, and for a result
    /// larger than ``JobLimits/resultBytes``.
    @discardableResult
    public func finish(_ claim: Job.Claim, _ result: Job.Result, at now: Int64) async throws(JobsError) -> Job {
        guard result.bytes.count <= limits.resultBytes else {
            throw JobsError(.tooLarge, "the result of job \(claim.id) is \(result.bytes.count) bytes; at most \(limits.resultBytes)")
        }
        return try await leave(claim, "finished", "state = 'done', ended = ?, resultBytes = ?, media = ?", [now, result.bytes.count, result.media]) {
            db in
            try db.execute(
                sql: "INSERT INTO result (job, bytes) SELECT sequence, ? FROM job WHERE id = ?", arguments: [Data(result.bytes), claim.id])
        }
    }

    /// Ends a claimed job without a result. Refused when the job was ended or claimed again meanwhile.
    @discardableResult
    public func fail(_ claim: Job.Claim, _ failure: Job.Failure, at now: Int64) async throws(JobsError) -> Job {
        try await leave(claim, "failed", "state = 'failed', ended = ?, failureCode = ?, failureMessage = ?", [now, failure.code, failure.message])
    }

    /// Puts a claimed job back at its place in the line, as if it had not been begun: for a process that is told to end.
    @discardableResult
    public func giveBack(_ claim: Job.Claim) async throws(JobsError) -> Job {
        try await leave(claim, "given back", "state = 'queued', began = NULL, attempts = attempts - 1", [])
    }

    /// Ends a job that has not ended; one that has stays as it is. Whoever works on it is not told, but can't finish it any more.
    public func cancel(_ id: String, at now: Int64) async throws(JobsError) -> Job {
        try await write { db in
            try db.execute(
                sql: "UPDATE job SET state = 'cancelled', ended = ? WHERE id = ? AND state IN ('queued', 'running')", arguments: [now, id])
            return try Job.require(db, id)
        }
    }

    // MARK: - What is there

    public func get(_ id: String) async throws(JobsError) -> Job {
        try await write { db in try Job.require(db, id) }
    }

    /// The newest first.
    public func list(limit: Int = .max) async throws(JobsError) -> [Job] {
        try await write { db in
            try Row.fetchAll(db, sql: "SELECT * FROM job ORDER BY sequence DESC LIMIT ?", arguments: [limit]).map(Job.init(row:))
        }
    }

    /// Of a job that is done; others are refused with their state.
    public func result(_ id: String) async throws(JobsError) -> Job.Result {
        try await write { db in
            let job = try Job.require(db, id)
            guard let row = try Row.fetchOne(db, sql: "SELECT bytes, media FROM job JOIN result ON job = sequence WHERE id = ?", arguments: [id])
            else {
                throw JobsError(.wrongState, "job \(id) is \(job.state.rawValue); only a job that is done has a result")
            }
            return Job.Result(bytes: try bytes(row), media: try row.decode(forColumn: "media"))
        }
    }

    public func counts() async throws(JobsError) -> JobCounts {
        try await write { [limits] db in try JobCounts.fetch(db, limits) }
    }

    /// Writes a page of the file and nothing that means anything: does the storage work?
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
            guard db.changesCount == 1 else {
                let job = try Job.require(db, claim.id)
                let now = job.state == .running ? "running its attempt \(job.attempts)" : job.state.rawValue
                throw JobsError(.wrongState, "job \(claim.id) can't be \(done) by its attempt \(claim.attempt): it is \(now)")
            }
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

    private static func check(_ id: String, _ title: String) throws(JobsError) {
        guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw JobsError(.invalid, "job id \"\(id.prefix(80))\" is not 1 to 64 visible ASCII characters")
        }
        guard title.utf8.count <= JobLimits.titleBytes else {
            throw JobsError(.invalid, "the title of job \(id) is \(title.utf8.count) bytes; at most \(JobLimits.titleBytes)")
        }
    }

    private static func checkRoom(_ limits: JobLimits, _ counts: JobCounts, adding request: Int) throws(JobsError) {
        let need = request + limits.resultBytes
        guard need <= limits.bytes else {
            throw JobsError(
                .tooLarge, "the request is \(request) bytes; with \(limits.resultBytes) for its result it is over the \(limits.bytes) of all jobs")
        }
        guard counts.queued < limits.queued else { throw JobsError(.full, "\(counts.queued) jobs wait; at most \(limits.queued)") }
        let kept = counts.queued + counts.running + counts.ended
        guard kept < limits.kept else { throw JobsError(.full, "\(kept) jobs are kept; at most \(limits.kept)") }
        guard counts.bytes + need <= limits.bytes else {
            throw JobsError(.full, "jobs take \(counts.bytes) bytes, this one needs \(need) with its result; at most \(limits.bytes) together")
        }
    }
}
