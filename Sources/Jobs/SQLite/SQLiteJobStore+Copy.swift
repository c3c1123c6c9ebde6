import Foundation
import GRDB

extension SQLiteJobStore {
    /// Copies all jobs, without the space of those that expired. The copy takes its room on the disk of the store, beside its file; other calls wait
    /// for it. No other process could make it: the file is this one's alone.
    public func copy() async throws(JobsError) -> JobCopy {
        try await outsideTransactions { [path] db in
            let target = "\(path)-copy"
            // Of a process that was killed.
            unlink(target)
            // Requests are private: SQLite would make the file readable for others, but takes one that is there and empty.
            let descriptor = open(target, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw JobsError(.storage, "\(target): \(String(cString: strerror(errno)))") }
            Foundation.close(descriptor)
            do {
                let jobs = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM job") ?? 0
                try db.execute(sql: "VACUUM INTO ?", arguments: [target])
                return try JobCopy(target, jobs: jobs)
            } catch {
                unlink(target)
                throw error
            }
        }
    }
}
