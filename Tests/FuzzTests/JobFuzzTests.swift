import Foundation
import GRDB
import Jobs
import Testing

extension FuzzTests {
    @Test("a jobs file with bytes from elsewhere is read or refused") func jobFile() async throws {
        try await withFolder { folder in
            let path = folder.appending(path: "jobs.sqlite").path
            let store = try SQLiteJobStore(path: path)
            for id in ["a", "b"] { _ = try await store.submit(Job.Submission(id, request: [1, 2, 3], title: "t")) }
            if let claim = try await store.claimNext() { try await store.finish(claim, Job.Result(bytes: [4], media: "image/png")) }
            try store.close()
            let file = Array(try Data(contentsOf: URL(filePath: path)))
            var fuzzer = try Fuzzer("job-file", corpus: [file], words: ["queued", "running", "done", "failed", "job", "CREATE TABLE"])
            try await fuzzer.run { bytes in
                for suffix in ["-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: path + suffix) }
                try Data(bytes).write(to: URL(filePath: path))
                try await work(path)
            }
        }
    }

    @Test("a jobs file with any value in any column is read or refused") func jobRows() async throws {
        try await withFolder { folder in
            let path = folder.appending(path: "jobs.sqlite").path
            var fuzzer = try Fuzzer(
                "job-rows", corpus: ["3 attempts 9223372036854775807", "12 state zap", "2 requestBytes -1", "7 id x'ff00'"].map { Array($0.utf8) },
                words: [
                    "id", "title", "state", "attempts", "submitted", "began", "ended", "requestBytes", "resultBytes", "media", "failureCode",
                    "failureMessage",
                ])
            try await fuzzer.run { bytes in
                for suffix in ["", "-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: path + suffix) }
                let store = try SQLiteJobStore(path: path)
                for id in ["a", "b", "c"] { _ = try await store.submit(Job.Submission(id, request: [1], title: "t")) }
                if let claim = try await store.claimNext() { try await store.fail(claim, Job.Failure(code: 13, message: "m")) }
                try store.close()
                try await DatabaseQueue(path: path).write { db in try spoil(db, bytes) }
                try await work(path)
            }
        }
    }

    /// Puts a value of any type into a column that the input names by its bytes.
    private func spoil(_ db: Database, _ bytes: [UInt8]) throws {
        try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
        let columns = [
            "id", "title", "state", "attempts", "submitted", "began", "ended", "requestBytes", "resultBytes", "media", "failureCode",
            "failureMessage",
        ]
        let values: [DatabaseValue] = [
            Int64.max.databaseValue, Int64.min.databaseValue, (-1).databaseValue, 1e300.databaseValue, Data(bytes).databaseValue,
            String(decoding: bytes, as: UTF8.self).databaseValue, "running".databaseValue, "failed".databaseValue, .null,
        ]
        for pair in stride(from: 0, to: min(bytes.count, 8), by: 2) where pair + 1 < bytes.count {
            let column = columns[Int(bytes[pair]) % columns.count]
            try? db.execute(sql: "UPDATE job SET \(column) = ?", arguments: [values[Int(bytes[pair + 1]) % values.count]])
        }
    }

    /// All that a gateway asks of its jobs, each whether or not another is refused.
    private func work(_ path: String) async throws {
        let store = try SQLiteJobStore(path: path)
        defer { try? store.close() }
        _ = try? await store.recover(exhaustedCode: 8)
        _ = try? await store.list(before: nil, limit: .max)
        _ = try? await store.counts()
        for id in ["a", "b", "c"] { _ = try? await store.result(id) }
        if let claim = try? await store.claimNext() { _ = try? await store.giveBack(claim) }
        _ = try? await store.cancel("b")
        _ = try? await store.submit(Job.Submission("d", request: [9]))
    }
}
