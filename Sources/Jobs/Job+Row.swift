import Foundation
import GRDB

extension Job {
    init(row: Row) throws {
        let word: String = row["state"]
        guard let state = State(rawValue: word) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "state \(word)") }
        self.init(
            id: row["id"], title: row["title"], state: state, attempts: row["attempts"], submitted: row["submitted"], began: row["began"],
            ended: row["ended"], requestBytes: row["requestBytes"], resultBytes: row["resultBytes"], media: row["media"],
            failure: state == .failed ? Failure(code: row["failureCode"], message: row["failureMessage"]) : nil)
    }

    static func fetch(_ db: Database, _ id: String) throws -> Job? {
        try Row.fetchOne(db, sql: "SELECT * FROM job WHERE id = ?", arguments: [id]).map(Job.init(row:))
    }

    static func require(_ db: Database, _ id: String) throws -> Job {
        guard let job = try fetch(db, id) else { throw JobsError(.notFound, "there is no job \(id): never submitted, or expired") }
        return job
    }
}

extension JobCounts {
    static func fetch(_ db: Database, _ limits: JobLimits) throws -> JobCounts {
        var counts = JobCounts()
        let rows = try Row.fetchAll(
            db, sql: "SELECT state, COUNT(*) AS count, SUM(requestBytes + COALESCE(resultBytes, 0)) AS bytes FROM job GROUP BY state")
        for row in rows {
            let count: Int = row["count"]
            counts.bytes += row["bytes"] as Int
            switch Job.State(rawValue: row["state"]) {
            case .queued: counts.queued = count
            case .running: counts.running = count
            default: counts.ended += count
            }
        }
        counts.bytes += (counts.queued + counts.running) * limits.resultBytes
        return counts
    }
}

/// The row's bytes, copied once.
func bytes(_ row: Row) throws -> [UInt8] {
    try row.withUnsafeData(named: "bytes") { data in data.map { [UInt8]($0) } ?? [] }
}
