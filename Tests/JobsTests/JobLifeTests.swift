import Jobs
import Testing

@Suite("The life of a job")
struct JobLifeTests {
    let file: TemporaryFile
    let store: JobStore

    init() throws {
        file = try TemporaryFile()
        store = try JobStore(path: file.path)
    }

    @Test("a job goes from queued over running to done, and its result is what was given")
    func done() async throws {
        let queued = try await store.submit("a", request: [1, 2, 3], title: "a red circle", at: 10)
        #expect(
            queued.state == .queued && queued.submitted == 10 && queued.attempts == 0 && queued.requestBytes == 3 && queued.title == "a red circle")

        let claim = try #require(try await store.claimNext(at: 20))
        #expect(claim.id == "a" && claim.attempt == 1 && claim.request == [1, 2, 3])
        let running = try await store.get("a")
        #expect(running.state == .running && running.attempts == 1 && running.began == 20 && running.ended == nil)

        let done = try await store.finish(claim, Job.Result(bytes: [9, 9], media: "image/png"), at: 30)
        #expect(done.state == .done && done.ended == 30 && done.resultBytes == 2 && done.media == "image/png" && done.failure == nil)
        #expect(try await store.result("a") == Job.Result(bytes: [9, 9], media: "image/png"))
    }

    @Test("the jobs of one who left many don't keep another's waiting")
    func fairness() async throws {
        for index in 0..<9 { _ = try await store.submit("a\(index)", request: [1], submitter: "key:a", at: 0) }
        _ = try await store.submit("b", request: [1], submitter: "key:b", at: 1)
        var begun: [String] = []
        for time in 2..<5 { begun.append(try #require(try await store.claimNext(at: Int64(time))).id) }
        #expect(begun == ["a0", "b", "a1"])
    }

    @Test("a failed job keeps its code and message and has no result")
    func failed() async throws {
        _ = try await store.submit("a", request: [1], at: 0)
        let claim = try #require(try await store.claimNext(at: 1))
        let job = try await store.fail(claim, Job.Failure(code: 8, message: "no memory"), at: 2)
        #expect(job.state == .failed && job.failure == Job.Failure(code: 8, message: "no memory") && job.ended == 2)
        await expect(.wrongState, "job a is failed; only a job that is done has a result") { try await store.result("a") }
    }

    @Test("a job is ended once: whatever comes second is refused and changes nothing")
    func once() async throws {
        _ = try await store.submit("a", request: [1], at: 0)
        let claim = try #require(try await store.claimNext(at: 1))
        try await store.finish(claim, Job.Result(bytes: [1], media: "first"), at: 2)
        await expect(.wrongState, "job a can't be finished by its attempt 1: it is done") {
            try await store.finish(claim, Job.Result(bytes: [2], media: "second"), at: 3)
        }
        await expect(.wrongState, "job a can't be failed by its attempt 1: it is done") {
            try await store.fail(claim, Job.Failure(code: 1, message: "late"), at: 3)
        }
        await expect(.wrongState, "job a can't be given back by its attempt 1: it is done") { try await store.giveBack(claim) }
        #expect(try await store.cancel("a", at: 3).state == .done)
        #expect(try await store.result("a").media == "first")
        #expect(try await store.get("a").ended == 2)
    }

    @Test("of many that finish one job at the same time, one does")
    func race() async throws {
        _ = try await store.submit("a", request: [1], at: 0)
        let claim = try #require(try await store.claimNext(at: 1))
        let finished = await withTaskGroup(of: Bool.self) { group in
            for i in 0..<50 {
                group.addTask { [store] in (try? await store.finish(claim, Job.Result(bytes: [UInt8(i)], media: ""), at: 2)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(finished == 1)
    }

    @Test("jobs are claimed in the order of submission, each by one claimer")
    func order() async throws {
        for i in 0..<100 { _ = try await store.submit("job-\(i)", request: [UInt8(i)], at: 0) }
        let first = try #require(try await store.claimNext(at: 1))
        #expect(first.id == "job-0")
        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask { [store] in
                    var mine: [String] = []
                    while let claim = try await store.claimNext(at: 1) { mine.append(claim.id) }
                    return mine
                }
            }
            return try await group.reduce([], +)
        }
        #expect(ids.sorted() == (1..<100).map { "job-\($0)" }.sorted())
        #expect(try await store.claimNext(at: 2) == nil)
    }

    @Test("a queued job that is cancelled is not claimed; a running one can't be finished any more")
    func cancelled() async throws {
        _ = try await store.submit("a", request: [1], at: 0)
        _ = try await store.submit("b", request: [2], at: 0)
        #expect(try await store.cancel("a", at: 1).state == .cancelled)
        let claim = try #require(try await store.claimNext(at: 2))
        #expect(claim.id == "b")
        let cancelled = try await store.cancel("b", at: 3)
        #expect(cancelled.state == .cancelled && cancelled.ended == 3)
        await expect(.wrongState, "job b can't be finished by its attempt 1: it is cancelled") {
            try await store.finish(claim, Job.Result(bytes: [], media: ""), at: 4)
        }
        await expect(.notFound, "there is no job c: never submitted, or expired") { try await store.cancel("c", at: 4) }
    }

    @Test("a job that is given back keeps its place and loses no attempt; the old claim is void")
    func givenBack() async throws {
        _ = try await store.submit("a", request: [1], at: 0)
        _ = try await store.submit("b", request: [2], at: 0)
        let first = try #require(try await store.claimNext(at: 1))
        let job = try await store.giveBack(first)
        #expect(job.state == .queued && job.attempts == 0 && job.began == nil)
        let second = try #require(try await store.claimNext(at: 2))
        #expect(second.id == "a")
        await #expect(throws: Never.self) { try await store.finish(second, Job.Result(bytes: [], media: ""), at: 3) }
    }

    @Test("the same id with the same request is the same job, with another it is refused")
    func idempotency() async throws {
        let job = try await store.submit("a", request: [1, 2], title: "one", at: 0)
        #expect(try await store.submit("a", request: [1, 2], title: "two", at: 5) == job)
        await expect(.conflict, "job a is another request; choose another id") { try await store.submit("a", request: [1, 3], at: 5) }
        let claim = try #require(try await store.claimNext(at: 6))
        try await store.finish(claim, Job.Result(bytes: [7], media: ""), at: 7)
        #expect(try await store.submit("a", request: [1, 2], at: 8).state == .done)
        #expect(try await store.list().count == 1)
        #expect(try await store.claimNext(at: 9) == nil)
    }

    @Test("an empty request is a request")
    func empty() async throws {
        _ = try await store.submit("a", request: [], at: 0)
        _ = try await store.submit("a", request: [], at: 0)
        let claim = try #require(try await store.claimNext(at: 1))
        #expect(claim.request.isEmpty)
        try await store.finish(claim, Job.Result(bytes: [], media: ""), at: 2)
        #expect(try await store.result("a").bytes.isEmpty)
    }

    @Test("the list has the newest first", arguments: [0, 1, 2, 5])
    func list(limit: Int) async throws {
        for id in ["a", "b", "c"] { _ = try await store.submit(id, request: [1], at: 0) }
        #expect(try await store.list(limit: limit).map(\.id) == Array(["c", "b", "a"].prefix(limit)))
    }

    @Test("an id that is not 1 to 64 visible ASCII characters is refused", arguments: ["", "a b", "é", "a\n", String(repeating: "x", count: 65)])
    func id(_ id: String) async throws {
        await #expect { try await store.submit(id, request: [1], at: 0) } throws: { ($0 as? JobsError)?.code == .invalid }
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
