import Jobs
import PostgresJobs
import Testing

/// What the store of many processes promises beyond what every store does.
@Suite(
    "Jobs in PostgreSQL",
    .enabled(if: PostgresServer.programs != nil, "the server is not installed: deploy/setup.sh --tests installs the package postgresql"))
struct PostgresTests {
    @Test("whoever sleeps through its lease changes nothing: another takes the job, and ends it once")
    func slept() async throws {
        let database = try await TestDatabase()
        let asleep = try database.store("a"), awake = try database.store("b")
        _ = try await asleep.submit(Job.Submission("a", request: [1]))
        try await awake.recover(exhaustedCode: 10)
        let lost = try #require(try await asleep.claimNext())
        try await database.set(30_000)
        #expect(try await awake.recover(exhaustedCode: 10) == JobRecovery(queued: [], failed: []))
        try await database.set(30_001)
        #expect(try await awake.recover(exhaustedCode: 10) == JobRecovery(queued: ["a"], failed: []))
        let taken = try #require(try await awake.claimNext())
        #expect(taken.attempt == 2)

        #expect(try await asleep.renew([lost]) == [])
        await expect(.wrongState, "job a can't be finished by its attempt 1: it is running its attempt 2") {
            try await asleep.finish(lost, Job.Result(bytes: [1], media: ""))
        }
        await #expect(throws: JobsError.self) { try await asleep.fail(lost, Job.Failure(code: 1, message: "")) }
        await #expect(throws: JobsError.self) { try await asleep.giveBack(lost) }
        try await awake.finish(taken, Job.Result(bytes: [2], media: ""))
        #expect(try await asleep.result("a").bytes == [2])
    }

    @Test("a lease is as long as at first after each renewal; one that is over still counts while nobody has taken the job")
    func renewed() async throws {
        let database = try await TestDatabase()
        let first = try database.store("a"), second = try database.store("b")
        _ = try await first.submit(Job.Submission("a", request: [1]))
        try await second.recover(exhaustedCode: 10)
        let claim = try #require(try await first.claimNext())
        for time in [Int64(20_000), 40_000, 60_000] {
            try await database.set(time)
            #expect(try await first.renew([claim]) == [claim])
            #expect(try await second.recover(exhaustedCode: 10).queued.isEmpty)
        }
        try await database.set(200_000)
        #expect(try await first.finish(claim, Job.Result(bytes: [1], media: "")).state == .done)
    }

    @Test("a copy is refused, with the tool that makes one")
    func copy() async throws {
        let store = try await TestDatabase().store("a")
        await expect(.unsupported, "the jobs are in PostgreSQL; its pg_dump copies them") { _ = try await store.copy() }
    }

    @Test("a claim that was given back is void, also when the same process claims the job again")
    func again() async throws {
        let database = try await TestDatabase()
        let store = try database.store("a")
        _ = try await store.submit(Job.Submission("a", request: [1]))
        let first = try #require(try await store.claimNext())
        try await store.giveBack(first)
        let second = try #require(try await store.claimNext())
        #expect(first.attempt == second.attempt)
        await #expect(throws: JobsError.self) { try await store.finish(first, Job.Result(bytes: [1], media: "")) }
        try await store.finish(second, Job.Result(bytes: [2], media: ""))
    }

    @Test("after an outage nobody takes others' jobs before they have had a lease's time to renew")
    func outage() async throws {
        let database = try await TestDatabase()
        let owner = try database.store("a")
        _ = try await owner.submit(Job.Submission("a", request: [1]))
        let claim = try #require(try await owner.claimNext())
        try await database.set(100_000)
        // Its session begins now.
        let other = try database.store("b")
        #expect(try await other.recover(exhaustedCode: 10).queued.isEmpty)
        try await database.set(129_999)
        #expect(try await other.recover(exhaustedCode: 10).queued.isEmpty)
        #expect(try await owner.renew([claim]) == [claim])
        try await database.set(160_000)
        #expect(try await other.recover(exhaustedCode: 10).queued == ["a"])
    }

    @Test("a job whose processes end each time is begun so often and no more")
    func attempts() async throws {
        let database = try await TestDatabase()
        var limits = JobLimits()
        limits.attempts = 2
        let store = try database.store("a", limits: limits)
        _ = try await store.submit(Job.Submission("a", request: [1]))
        for attempt in 1...2 {
            #expect(try await store.claimNext()?.attempt == attempt)
            try await database.set(Int64(attempt) * 100_000)
            try await store.recover(exhaustedCode: 10)
        }
        let job = try await store.get("a")
        #expect(job.failure == Job.Failure(code: 10, message: "the process that worked on it ended 2 times; it is begun at most 2 times"))
        #expect(try await store.counts().ended == 1)
        #expect(try await store.claimNext() == nil)
    }

    @Test("one id is one job, wherever it is left: of many processes at the same time one keeps it")
    func idempotency() async throws {
        let database = try await TestDatabase()
        let stores = try (0..<4).map { try database.store("\($0)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask { _ = try await stores[index % 4].submit(Job.Submission("a", request: [1])) }
            }
            try await group.waitForAll()
        }
        #expect(try await stores[0].counts().queued == 1)
        await expect(.conflict, "job a is another request; choose another id") { try await stores[3].submit(Job.Submission("a", request: [2])) }
    }

    @Test("limits hold for all processes together")
    func limits() async throws {
        let database = try await TestDatabase()
        var limits = JobLimits()
        limits.queued = 10
        let stores = try (0..<4).map { try database.store("\($0)", limits: limits) }
        let kept = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<40 {
                group.addTask { (try? await stores[index % 4].submit(Job.Submission("\(index)", request: [1]))) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(kept == 10)
    }

    @Test("what another process does is heard", .timeLimit(.minutes(1)))
    func heard() async throws {
        let database = try await TestDatabase()
        let here = try database.store("a"), there = try database.store("b")
        var changes = here.changes.makeAsyncIterator()
        #expect(await changes.next() == JobChange())
        _ = try await there.submit(Job.Submission("a-b", request: [1]))
        #expect(await changes.next() == JobChange(id: "a-b", state: .queued))
        _ = try await there.claimNext()
        #expect(await changes.next() == JobChange(id: "a-b", state: .running))
        _ = try await there.cancel("a-b")
        #expect(await changes.next() == JobChange(id: "a-b", state: .cancelled))
    }

    @Test("tables of a newer build are refused, those that say that this one may go on with them are not")
    func newer() async throws {
        let database = try await TestDatabase()
        let connection = PostgresConnection(database.address)
        try await connection.run { session throws(JobsError) in try session.run(script: "UPDATE glm_schema SET version = 9, oldest = 1") }
        _ = try await database.store("a").counts()
        try await connection.run { session throws(JobsError) in try session.run(script: "UPDATE glm_schema SET oldest = 8") }
        await #expect { try await database.store("b").counts() } throws: { ($0 as? JobsError)?.code == .newer }
    }

    @Test("a database that is away is told as storage that fails, at once while it stays away")
    func away() async throws {
        let store = try PostgresJobStore(try PostgresAddress(parsing: "postgres://glm@/x?host=/nowhere"), owner: "a")
        for _ in 0..<2 {
            await #expect { try await store.counts() } throws: {
                let error = $0 as? JobsError
                return error?.code == .storage && error?.message.contains("PostgreSQL at /nowhere, database x") == true
            }
        }
    }
}

@Suite("The address of a database") struct PostgresAddressTests {
    @Test(
        "what libpq can't read is refused, and a password that everybody could read",
        arguments: [
            ("mysql://h/d", "\"mysql://h/d\" is no address as in postgres://USER@HOST/DATABASE"),
            ("postgres://h/d?colour=red", "invalid URI query parameter: \"colour\""),
            (
                "postgres://u:secret@h/d",
                "there is a password in the address, where every user of this host can read it; put it into ~/.pgpass or PGPASSWORD"
            ),
        ])
    func refused(text: String, message: String) {
        expect(.invalid, message) { _ = try PostgresAddress(parsing: text) }
    }

    @Test("messages name the host and the database")
    func told() throws {
        #expect(
            "\(try PostgresAddress(parsing: "postgres://u@db.example:5433/jobs?sslmode=require"))" == "PostgreSQL at db.example:5433, database jobs")
    }

    @Test("the pause between tries to connect grows from 0.1 to 2 s, and begins anew after one that succeeded")
    func pauses() {
        var pauses = Pauses()
        let error = JobsError(.storage, "away"), start = ContinuousClock.now
        #expect(pauses.refusal(at: start) == nil)
        var told: [Duration] = []
        for _ in 0..<8 {
            pauses.failed(error, at: start)
            told.append(pauses.rest(at: start))
        }
        #expect(told == [100, 200, 400, 800, 1600, 2000, 2000, 2000].map { .milliseconds($0) })
        #expect(pauses.refusal(at: start + .milliseconds(1999)) == error && pauses.refusal(at: start + .seconds(2)) == nil)
        pauses.succeeded()
        #expect(pauses.refusal(at: start) == nil)
    }
}
