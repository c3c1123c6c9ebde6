import GRDB
import Synchronization

extension SQLiteJobStore {
    /// Whoever worked on a job when the file was opened is gone; whoever begins one after that is this process.
    @discardableResult
    public func recover(exhaustedCode: Int) async throws(JobsError) -> JobRecovery {
        guard !hasRecovered.load(ordering: .acquiring) else { return .nothing }
        let now = clock()
        let found = try await write { [limits] db in
            let failed = try String.fetchAll(
                db,
                sql: """
                    UPDATE job SET state = 'failed', ended = ?, failureCode = ?, failureMessage =
                        'the process that worked on it ended ' || attempts || ' times; it is begun at most ' || ? || ' times'
                    WHERE state = 'running' AND attempts >= ? RETURNING id
                    """, arguments: [now, exhaustedCode, limits.attempts, limits.attempts])
            let queued = try String.fetchAll(db, sql: "SELECT id FROM job WHERE state = 'running' ORDER BY sequence")
            try db.execute(sql: "UPDATE job SET state = 'queued', began = NULL WHERE state = 'running'")
            return JobRecovery(queued: queued, failed: failed)
        }
        hasRecovered.store(true, ordering: .releasing)
        return found
    }

    public func expired(after age: Duration, limit: Int) async throws(JobsError) -> [Job] {
        let time = clock() - age.inMilliseconds
        return try await write { db in
            try Row.fetchAll(db, sql: "SELECT * FROM job WHERE ended < ? ORDER BY sequence LIMIT ?", arguments: [time, limit]).map(Job.init(row:))
        }
    }

    @discardableResult
    public func forget(_ jobs: [Job]) async throws(JobsError) -> Int {
        let count = try await write { db in
            var count = 0
            for job in jobs {
                try db.execute(sql: "DELETE FROM job WHERE sequence = ? AND ended IS NOT NULL", arguments: [job.number])
                count += db.changesCount
            }
            return count
        }
        if count > 0 { try await write { db in _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum") } }
        return count
    }
}
