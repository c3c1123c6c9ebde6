import Foundation
import GRDB

extension Job {
    init(row: Row) throws {
        // A file from elsewhere may hold any value in any column.
        let word: String = try row.decode(forColumn: "state")
        guard let state = State(rawValue: word) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "state \(word)") }
        self.init(
            number: try row.decode(forColumn: "sequence"), id: try row.decode(forColumn: "id"), title: try row.decode(forColumn: "title"),
            submitter: try row.decode(forColumn: "submitter"),
            state: state,
            attempts: try timesBegun(row),
            submitted: try row.decode(forColumn: "submitted"), began: try row.decode(forColumn: "began"),
            ended: try row.decode(forColumn: "ended"), requestBytes: try row.decode(forColumn: "requestBytes"),
            resultBytes: try row.decode(forColumn: "resultBytes"), media: try row.decode(forColumn: "media"),
            object: try row.decode(forColumn: "object"),
            failure: state == .failed
                ? Failure(code: try row.decode(forColumn: "failureCode"), message: try row.decode(forColumn: "failureMessage")) : nil)
    }

    static func fetch(_ db: Database, _ id: String) throws -> Job? {
        try Row.fetchOne(db, sql: "SELECT * FROM job WHERE id = ?", arguments: [id]).map(Job.init(row:))
    }

    static func require(_ db: Database, _ id: String) throws -> Job {
        guard let job = try fetch(db, id) else { throw JobsError.noJob(id) }
        return job
    }
}

extension JobCounts {
    /// More than any disk holds, and little enough to be added to.
    private static let mostBytes = 1 << 60

    static func fetch(_ db: Database, _ limits: JobLimits) throws -> JobCounts {
        var counts = JobCounts()
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT state, COUNT(*) AS count, CAST(MIN(TOTAL(requestBytes + COALESCE(resultBytes, 0)), \(mostBytes)) AS INTEGER) AS bytes
                FROM job GROUP BY state
                """)
        for row in rows {
            let count: Int = try row.decode(forColumn: "count")
            counts.bytes += max(0, try row.decode(Int.self, forColumn: "bytes"))
            switch Job.State(rawValue: try row.decode(forColumn: "state")) {
            case .queued: counts.queued = count
            case .running: counts.running = count
            default: counts.ended += count
            }
        }
        counts.bytes += (counts.queued + counts.running) * limits.resultBytes
        return counts
    }
}

/// How often the row's job was begun: a number that can still be counted up.
func timesBegun(_ row: Row) throws -> Int { Int(try row.decode(Int32.self, forColumn: "attempts")) }

/// The row's bytes, copied once.
func bytes(_ row: Row) throws -> [UInt8] {
    try row.withUnsafeData(named: "bytes") { data in data.map { [UInt8]($0) } ?? [] }
}
