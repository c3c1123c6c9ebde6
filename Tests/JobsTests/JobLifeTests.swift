import Jobs
import Testing

@Suite("The life of a job, in every store")
struct JobLifeTests {
    @Test("a job goes from queued over running to done, and its result is what was given", arguments: StoreKind.here)
    func done(kind: StoreKind) async throws {
        let store = try await kind.store()
        let queued = try await store.at(10).submit(Job.Submission("a", request: [1, 2, 3], title: "a red circle"))
        #expect(
            queued.state == .queued && queued.submitted == 10 && queued.attempts == 0 && queued.requestBytes == 3 && queued.title == "a red circle")

        let claim = try #require(try await store.at(20).claimNext())
        #expect(claim.id == "a" && claim.attempt == 1 && claim.request == [1, 2, 3])
        let running = try await store.now.get("a")
        #expect(running.state == .running && running.attempts == 1 && running.began == 20 && running.ended == nil)

        let done = try await store.at(30).finish(claim, Job.Result(bytes: [9, 9], media: "image/png"))
        #expect(done.state == .done && done.ended == 30 && done.resultBytes == 2 && done.media == "image/png" && done.failure == nil)
        #expect(try await store.now.result("a") == Job.Result(bytes: [9, 9], media: "image/png"))
    }

    @Test("the jobs of one who left many don't keep another's waiting", arguments: StoreKind.here)
    func fairness(kind: StoreKind) async throws {
        let store = try await kind.store()
        for index in 0..<9 { _ = try await store.at(0).submit(Job.Submission("a\(index)", request: [1], submitter: "key:a")) }
        _ = try await store.at(1).submit(Job.Submission("b", request: [1], submitter: "key:b"))
        var begun: [String] = []
        for time in 2..<5 { begun.append(try #require(try await store.at(Int64(time)).claimNext()).id) }
        #expect(begun == ["a0", "b", "a1"])
    }

    @Test("a failed job keeps its code and message and has no result", arguments: StoreKind.here)
    func failed(kind: StoreKind) async throws {
        let store = try await kind.store()
        _ = try await store.at(0).submit(Job.Submission("a", request: [1]))
        let claim = try #require(try await store.at(1).claimNext())
        let job = try await store.at(2).fail(claim, Job.Failure(code: 8, message: "no memory"))
        #expect(job.state == .failed && job.failure == Job.Failure(code: 8, message: "no memory") && job.ended == 2)
        await expect(.wrongState, "job a is failed; only a job that is done has a result") { try await store.now.result("a") }
    }

    @Test("a job is ended once: whatever comes second is refused and changes nothing", arguments: StoreKind.here)
    func once(kind: StoreKind) async throws {
        let store = try await kind.store()
        _ = try await store.at(0).submit(Job.Submission("a", request: [1]))
        let claim = try #require(try await store.at(1).claimNext())
        try await store.at(2).finish(claim, Job.Result(bytes: [1], media: "first"))
        await expect(.wrongState, "job a can't be finished by its attempt 1: it is done") {
            try await store.at(3).finish(claim, Job.Result(bytes: [2], media: "second"))
        }
        await expect(.wrongState, "job a can't be failed by its attempt 1: it is done") {
            try await store.at(3).fail(claim, Job.Failure(code: 1, message: "late"))
        }
        await expect(.wrongState, "job a can't be given back by its attempt 1: it is done") { try await store.now.giveBack(claim) }
        #expect(try await store.at(3).cancel("a").state == .done)
        #expect(try await store.now.result("a").media == "first")
        #expect(try await store.now.get("a").ended == 2)
    }

    @Test("of many that finish one job at the same time, one does", arguments: StoreKind.here)
    func race(kind: StoreKind) async throws {
        let store = try await kind.store()
        _ = try await store.at(0).submit(Job.Submission("a", request: [1]))
        let claim = try #require(try await store.at(1).claimNext())
        let finished = await withTaskGroup(of: Bool.self) { group in
            for i in 0..<50 {
                group.addTask { [store] in (try? await store.at(2).finish(claim, Job.Result(bytes: [UInt8(i)], media: ""))) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(finished == 1)
    }

    @Test("jobs are claimed in the order of submission, each by one claimer", arguments: StoreKind.here)
    func order(kind: StoreKind) async throws {
        let store = try await kind.store()
        for i in 0..<100 { _ = try await store.at(0).submit(Job.Submission("job-\(i)", request: [UInt8(i)])) }
        let first = try #require(try await store.at(1).claimNext())
        #expect(first.id == "job-0")
        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask { [store] in
                    var mine: [String] = []
                    while let claim = try await store.at(1).claimNext() { mine.append(claim.id) }
                    return mine
                }
            }
            return try await group.reduce([], +)
        }
        #expect(ids.sorted() == (1..<100).map { "job-\($0)" }.sorted())
        #expect(try await store.at(2).claimNext() == nil)
    }

    @Test("a queued job that is cancelled is not claimed; a running one can't be finished any more", arguments: StoreKind.here)
    func cancelled(kind: StoreKind) async throws {
        let store = try await kind.store()
        _ = try await store.at(0).submit(Job.Submission("a", request: [1]))
        _ = try await store.at(0).submit(Job.Submission("b", request: [2]))
        #expect(try await store.at(1).cancel("a").state == .cancelled)
        let claim = try #require(try await store.at(2).claimNext())
        #expect(claim.id == "b")
        let cancelled = try await store.at(3).cancel("b")
        #expect(cancelled.state == .cancelled && cancelled.ended == 3)
        await expect(.wrongState, "job b can't be finished by its attempt 1: it is cancelled") {
            try await store.at(4).finish(claim, Job.Result(bytes: [], media: ""))
        }
        await expect(.notFound, "there is no job c: never submitted, or expired") { try await store.at(4).cancel("c") }
    }

    @Test("a job that is given back keeps its place and loses no attempt; the old claim is void", arguments: StoreKind.here)
    func givenBack(kind: StoreKind) async throws {
        let store = try await kind.store()
        _ = try await store.at(0).submit(Job.Submission("a", request: [1]))
        _ = try await store.at(0).submit(Job.Submission("b", request: [2]))
        let first = try #require(try await store.at(1).claimNext())
        let job = try await store.now.giveBack(first)
        #expect(job.state == .queued && job.attempts == 0 && job.began == nil)
        let second = try #require(try await store.at(2).claimNext())
        #expect(second.id == "a")
        await #expect(throws: Never.self) { try await store.at(3).finish(second, Job.Result(bytes: [], media: "")) }
    }

    @Test("the same id with the same request is the same job, with another it is refused", arguments: StoreKind.here)
    func idempotency(kind: StoreKind) async throws {
        let store = try await kind.store()
        let job = try await store.at(0).submit(Job.Submission("a", request: [1, 2], title: "one"))
        #expect(try await store.at(5).submit(Job.Submission("a", request: [1, 2], title: "two")) == job)
        await expect(.conflict, "job a is another request; choose another id") { try await store.at(5).submit(Job.Submission("a", request: [1, 3])) }
        let claim = try #require(try await store.at(6).claimNext())
        try await store.at(7).finish(claim, Job.Result(bytes: [7], media: ""))
        #expect(try await store.at(8).submit(Job.Submission("a", request: [1, 2])).state == .done)
        #expect(try await store.now.list(before: nil, limit: .max).count == 1)
        #expect(try await store.at(9).claimNext() == nil)
    }

    @Test("an empty request is a request", arguments: StoreKind.here)
    func empty(kind: StoreKind) async throws {
        let store = try await kind.store()
        _ = try await store.at(0).submit(Job.Submission("a", request: []))
        _ = try await store.at(0).submit(Job.Submission("a", request: []))
        let claim = try #require(try await store.at(1).claimNext())
        #expect(claim.request.isEmpty)
        try await store.at(2).finish(claim, Job.Result(bytes: [], media: ""))
        #expect(try await store.now.result("a").bytes.isEmpty)
    }

    @Test("the list has the newest first, and goes on behind any of its jobs", arguments: StoreKind.here, [0, 1, 2, 5])
    func list(kind: StoreKind, limit: Int) async throws {
        let store = try await kind.store()
        for id in ["a", "b", "c"] { _ = try await store.at(0).submit(Job.Submission(id, request: [1])) }
        #expect(try await store.now.list(before: nil, limit: limit).map(\.id) == Array(["c", "b", "a"].prefix(limit)))
        let first = try #require(try await store.now.list(before: nil, limit: 1).first)
        #expect(try await store.now.list(before: first.number, limit: limit).map(\.id) == Array(["b", "a"].prefix(limit)))
    }

    @Test("an id that is not 1 to 64 visible ASCII characters is refused", arguments: ["", "a b", "é", "a\n", String(repeating: "x", count: 65)])
    func id(_ id: String) async throws {
        for kind in StoreKind.here {
            let store = try await kind.store()
            await #expect { try await store.now.submit(Job.Submission(id, request: [1])) } throws: { ($0 as? JobsError)?.code == .invalid }
        }
    }

    @Test("where the rest of a result is, is told with the job", arguments: StoreKind.here)
    func object(kind: StoreKind) async throws {
        let store = try await kind.store()
        _ = try await store.at(0).submit(Job.Submission("a", request: [1]))
        let claim = try #require(try await store.at(1).claimNext())
        let result = Job.Result(bytes: [1], media: "image/png", object: "pictures/a.1")
        #expect(try await store.at(2).finish(claim, result).object == "pictures/a.1")
        #expect(try await store.now.result("a") == result)
    }

    @Test("of claims those still hold whose jobs were not ended or claimed again", arguments: StoreKind.here)
    func held(kind: StoreKind) async throws {
        let store = try await kind.store()
        for id in ["a", "b", "c"] { _ = try await store.at(0).submit(Job.Submission(id, request: [1])) }
        var claims: [Job.Claim] = []
        for _ in 0..<3 { claims.append(try #require(try await store.at(1).claimNext())) }
        #expect(try await store.at(2).renew(claims) == claims)
        _ = try await store.at(3).cancel("a")
        try await store.at(3).finish(claims[1], Job.Result(bytes: [], media: ""))
        #expect(try await store.at(4).renew(claims) == [claims[2]])
        #expect(try await store.at(4).renew([]) == [])
    }
}

/// Fails unless the body is refused with this code and message.
func expect<T>(_ code: JobsError.Code, _ message: String, _ body: () async throws -> T) async {
    do {
        _ = try await body()
        Issue.record("not refused")
    } catch {
        #expect(error as? JobsError == JobsError(code, message))
    }
}
