import Foundation
import GRDB
import Jobs
import Testing

@Suite("The file of the jobs")
struct JobFileTests {
    let file: TemporaryFile

    init() throws { file = try TemporaryFile() }

    @Test("a job whose process was killed waits again, is finished once, and its former claim is void")
    func killed() async throws {
        let store = try SQLiteJobStore(path: file.path)
        _ = try await store.submit(Job.Submission("a", request: [1, 2]))
        _ = try await store.submit(Job.Submission("b", request: [3]))
        let lost = try #require(try await store.claimNext())

        // What the disk holds at this moment: the log is not folded into the file, and nothing was closed.
        let left = try file.copy()
        let next = try SQLiteJobStore(path: left.path)
        #expect(try await next.get("a").state == .running)
        #expect(try await next.recover(exhaustedCode: 14) == JobRecovery(queued: ["a"], failed: []))
        await expect(.wrongState, "job a can't be finished by its attempt 1: it is queued") {
            try await next.finish(lost, Job.Result(bytes: [], media: ""))
        }
        let claim = try #require(try await next.claimNext())
        #expect(claim.id == "a" && claim.attempt == 2 && claim.request == [1, 2])
        await expect(.wrongState, "job a can't be finished by its attempt 1: it is running its attempt 2") {
            try await next.finish(lost, Job.Result(bytes: [], media: ""))
        }
        try await next.finish(claim, Job.Result(bytes: [5], media: "image/png"))
        await expect(.wrongState, "job a can't be finished by its attempt 2: it is done") {
            try await next.finish(claim, Job.Result(bytes: [6], media: "image/png"))
        }

        // Killed again, right after the answer: done stays done.
        let last = try left.copy()
        let after = try SQLiteJobStore(path: last.path)
        #expect(try await after.recover(exhaustedCode: 14) == JobRecovery(queued: [], failed: []))
        #expect(try await after.result("a").bytes == [5])
        #expect(try await after.claimNext()?.id == "b")
    }

    @Test("a link in the place of the file is not followed, wherever it points; a file that others may write to is refused")
    func strangers() throws {
        let target = file.folder.appendingPathComponent("target").path
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: target)
        let link = #expect(throws: JobsError.self) { try SQLiteJobStore(path: file.path) }
        #expect(link?.code == .unreadable && link?.message.contains("symbolic link") == true)
        #expect(!FileManager.default.fileExists(atPath: target))
        try Data("keep".utf8).write(to: URL(fileURLWithPath: target))
        #expect(throws: JobsError.self) { try SQLiteJobStore(path: file.path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data("keep".utf8))

        try FileManager.default.removeItem(atPath: file.path)
        try Data().write(to: URL(fileURLWithPath: file.path))
        chmod(file.path, 0o666)
        let open = #expect(throws: JobsError.self) { try SQLiteJobStore(path: file.path) }
        #expect(open?.message.contains("has mode 666") == true)
        chmod(file.path, 0o600)
        _ = try SQLiteJobStore(path: file.path)
    }

    @Test("a store that is dropped without a word gives its file free")
    func dropped() async throws {
        do {
            let store = try SQLiteJobStore(path: file.path)
            _ = try await store.submit(Job.Submission("a", request: [1]))
            _ = try await store.claimNext()
        }
        let store = try SQLiteJobStore(path: file.path)
        #expect(try await store.recover(exhaustedCode: 14).queued == ["a"])
    }

    @Test("a job that ends its process each time is begun so often and no more")
    func attempts() async throws {
        var limits = JobLimits()
        limits.attempts = 2
        for attempt in 1...2 {
            let store = try SQLiteJobStore(path: file.path, limits: limits)
            if attempt == 1 { _ = try await store.submit(Job.Submission("a", request: [1])) }
            try await store.recover(exhaustedCode: 14)
            #expect(try await store.claimNext()?.attempt == attempt)
            try store.close()
        }
        let store = try SQLiteJobStore(path: file.path, limits: limits) { 9 }
        #expect(try await store.recover(exhaustedCode: 14) == JobRecovery(queued: [], failed: ["a"]))
        let job = try await store.get("a")
        #expect(job.state == .failed && job.ended == 9)
        #expect(job.failure == Job.Failure(code: 14, message: "the process that worked on it ended 2 times; it is begun at most 2 times"))
        #expect(try await store.claimNext() == nil)
    }

    @Test("everything of a job is there after reopening")
    func reopened() async throws {
        let store = try SQLiteJobStore(path: file.path)
        for id in ["a", "b", "c", "d"] { _ = try await store.submit(Job.Submission(id, request: Array(id.utf8), title: "title of \(id)")) }
        let a = try #require(try await store.claimNext())
        let b = try #require(try await store.claimNext())
        try await store.finish(a, Job.Result(bytes: [UInt8](repeating: 7, count: 100_000), media: "image/jpeg"))
        try await store.fail(b, Job.Failure(code: 3, message: "\"quoted\"\nand more"))
        _ = try await store.cancel("c")
        let jobs = try await store.list(before: nil, limit: .max)
        let counts = try await store.counts()
        try store.close()

        let again = try SQLiteJobStore(path: file.path)
        #expect(try await again.list(before: nil, limit: .max) == jobs)
        #expect(try await again.counts() == counts)
        #expect(try await again.result("a").bytes == [UInt8](repeating: 7, count: 100_000))
    }

    @Test("a second owner of the file is refused, and the first goes on")
    func second() async throws {
        let store = try SQLiteJobStore(path: file.path)
        expect(.inUse, "jobs file \(file.path) is in use by another process; end that one, or choose another file") {
            _ = try SQLiteJobStore(path: file.path)
        }
        _ = try await store.submit(Job.Submission("a", request: [1]))
        try store.close()
        #expect(try await SQLiteJobStore(path: file.path).list(before: nil, limit: .max).count == 1)
    }

    @Test("the file gets smaller when jobs are forgotten")
    func space() async throws {
        let store = try SQLiteJobStore(path: file.path)
        _ = try await store.submit(Job.Submission("a", request: [1]))
        let claim = try #require(try await store.claimNext())
        try await store.finish(claim, Job.Result(bytes: [UInt8](repeating: 3, count: 4 << 20), media: ""))
        try await store.forget(try await store.list(before: nil, limit: 1))
        try store.close()
        let size = try #require(try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int)
        #expect(size < 1 << 20)
    }

    @Test("only its owner may read the file")
    func mode() throws {
        _ = try SQLiteJobStore(path: file.path)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("a file that is no database is refused by name and left as it is")
    func noDatabase() throws {
        let bytes = Data(repeating: UInt8(ascii: "x"), count: 10_000)
        try bytes.write(to: URL(fileURLWithPath: file.path))
        expect(
            .unreadable, "jobs file \(file.path) is damaged or no database (file is not a database); move it away to begin with an empty one"
        ) { _ = try SQLiteJobStore(path: file.path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file.path)) == bytes)
    }

    @Test("a damaged page is an error that names the file, not a lost job")
    func damaged() async throws {
        let store = try SQLiteJobStore(path: file.path)
        for i in 0..<100 { _ = try await store.submit(Job.Submission("job-\(i)", request: [UInt8](repeating: 1, count: 500))) }
        try store.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
        // The first page keeps the header and the schema.
        bytes.replaceSubrange(4096..., with: Data(repeating: 0xff, count: bytes.count - 4096))
        try bytes.write(to: URL(fileURLWithPath: file.path))
        do {
            let store = try SQLiteJobStore(path: file.path)
            _ = try await store.list(before: nil, limit: .max)
            Issue.record("not refused")
        } catch {
            #expect(error.code == .unreadable)
            #expect("\(error)".contains(file.path))
        }
    }

    @Test("another program's database is refused and left as it is")
    func foreign() throws {
        let other = try DatabaseQueue(path: file.path)
        try other.write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
        try other.close()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
        expect(.unreadable, "\(file.path) is a SQLite database of another program; choose another file for the jobs") {
            _ = try SQLiteJobStore(path: file.path)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file.path)) == bytes)
    }

    @Test("a file of a newer build is refused by the name of its schema")
    func newer() throws {
        try SQLiteJobStore(path: file.path).close()
        let other = try DatabaseQueue(path: file.path)
        try other.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('v5')") }
        try other.close()
        expect(
            .newer,
            "jobs file \(file.path) was written by a newer build: its schema has v5, this build knows up to v4; start the newer build, or choose another file"
        ) { _ = try SQLiteJobStore(path: file.path) }
    }

    @Test(
        "a row with a value that no build writes is told as damage",
        arguments: ["id = x'ff'", "attempts = 9223372036854775807", "attempts = 'many'", "state = 'lost'", "requestBytes = 1e300", "title = x'ff'"])
    func values(change: String) async throws {
        let store = try SQLiteJobStore(path: file.path)
        _ = try await store.submit(Job.Submission("a", request: [1]))
        try store.close()
        let other = try DatabaseQueue(path: file.path)
        try await other.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
            try db.execute(sql: "UPDATE job SET \(change)")
        }
        try other.close()
        let opened = try SQLiteJobStore(path: file.path)
        do {
            _ = try await opened.list(before: nil, limit: .max)
            Issue.record("the list is told")
        } catch { #expect(error.code == .unreadable, "\(error)") }
    }

    @Test("jobs whose sizes don't fit a number fill the store")
    func sizes() async throws {
        let store = try SQLiteJobStore(path: file.path)
        for id in ["a", "b"] { _ = try await store.submit(Job.Submission(id, request: [1])) }
        try store.close()
        let other = try DatabaseQueue(path: file.path)
        try await other.write { try $0.execute(sql: "UPDATE job SET requestBytes = 4611686018427387904") }
        try other.close()
        let opened = try SQLiteJobStore(path: file.path)
        do {
            _ = try await opened.submit(Job.Submission("c", request: [1]))
            Issue.record("another job is taken")
        } catch { #expect(error.code == .full, "\(error)") }
    }

    @Test("a folder that is not there is named")
    func missing() {
        expect(.storage, "jobs file /nowhere/jobs.sqlite: No such file or directory") { _ = try SQLiteJobStore(path: "/nowhere/jobs.sqlite") }
    }
}

/// Fails unless the body is refused with this code and message.
func expect(_ code: JobsError.Code, _ message: String, _ body: () throws -> Void) {
    do {
        try body()
        Issue.record("not refused")
    } catch {
        #expect(error as? JobsError == JobsError(code, message))
    }
}
