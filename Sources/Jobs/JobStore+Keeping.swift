import GRDB

/// What a start finds of the process before it.
public struct JobRecovery: Sendable, Hashable {
    /// Ids that wait again, in the order of submission.
    public var queued: [String]
    /// Ids that were begun too often, and failed.
    public var failed: [String]

    package init(queued: [String], failed: [String]) {
        self.queued = queued
        self.failed = failed
    }
}

extension JobStore {
    /// Puts jobs that were running when their process ended back into the line, at their old places. One that has been begun
    /// ``JobLimits/attempts`` times fails. To be called once, before the first claim.
    /// - Parameter exhaustedCode: of the failure of the latter.
    @discardableResult
    public func recover(at now: Int64, exhaustedCode: Int) async throws(JobsError) -> JobRecovery {
        try await write { [limits] db in
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
    }

    /// Forgets the jobs that ended before a time, with requests and results, and gives their space back.
    /// - Returns: how many.
    @discardableResult
    public func expire(before time: Int64) async throws(JobsError) -> Int {
        let count = try await write { db in
            try db.execute(sql: "DELETE FROM job WHERE ended < ?", arguments: [time])
            return db.changesCount
        }
        if count > 0 { try await write { db in _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum") } }
        return count
    }
}
