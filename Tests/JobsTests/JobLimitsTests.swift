import Jobs
import Testing

@Suite("What a store takes and how long it keeps it")
struct JobLimitsTests {
    @Test("a full line refuses with limit and value, takes again when a job leaves it, and knows the jobs it has", arguments: StoreKind.here)
    func queued(kind: StoreKind) async throws {
        let store = try await kind.store { $0.queued = 2 }
        for id in ["a", "b"] { _ = try await store.at(0).submit(Job.Submission(id, request: [1])) }
        await expect(.full, "2 jobs wait; at most 2") { try await store.at(0).submit(Job.Submission("c", request: [1])) }
        #expect(try await store.at(0).submit(Job.Submission("a", request: [1])).state == .queued)
        _ = try await store.at(1).claimNext()
        _ = try await store.at(2).submit(Job.Submission("c", request: [1]))
    }

    @Test("jobs in all are bounded until they expire", arguments: StoreKind.here)
    func kept(kind: StoreKind) async throws {
        let store = try await kind.store { $0.kept = 2 }
        for id in ["a", "b"] {
            _ = try await store.at(0).submit(Job.Submission(id, request: [1]))
            _ = try await store.at(1).cancel(id)
        }
        await expect(.full, "2 jobs are kept; at most 2") { try await store.at(2).submit(Job.Submission("c", request: [1])) }
        try await store.expire(at: 3, after: .milliseconds(1))
        _ = try await store.at(3).submit(Job.Submission("c", request: [1]))
    }

    @Test("bytes are bounded with the results to come, and given back when the result is smaller", arguments: StoreKind.here)
    func bytes(kind: StoreKind) async throws {
        let store = try await kind.store { ($0.bytes, $0.resultBytes) = (1000, 300) }
        _ = try await store.at(0).submit(Job.Submission("a", request: [UInt8](repeating: 1, count: 100)))
        _ = try await store.at(0).submit(Job.Submission("b", request: [UInt8](repeating: 1, count: 100)))
        #expect(try await store.now.counts() == counts(queued: 2, bytes: 800))
        await expect(.full, "jobs take 800 bytes, this one needs 301 with its result; at most 1000 together") {
            try await store.at(0).submit(Job.Submission("c", request: [1]))
        }
        let claim = try #require(try await store.at(1).claimNext())
        try await store.at(2).finish(claim, Job.Result(bytes: [UInt8](repeating: 2, count: 50), media: ""))
        #expect(try await store.now.counts() == counts(queued: 1, ended: 1, bytes: 550))
        _ = try await store.at(3).submit(Job.Submission("c", request: [1]))
        await expect(.tooLarge, "the request is 701 bytes; with 300 for its result it is over the 1000 of all jobs") {
            try await store.at(3).submit(Job.Submission("d", request: [UInt8](repeating: 1, count: 701)))
        }
    }

    @Test("a result over the limit is refused, and the job can still be failed", arguments: StoreKind.here)
    func largeResult(kind: StoreKind) async throws {
        let store = try await kind.store { $0.resultBytes = 10 }
        _ = try await store.at(0).submit(Job.Submission("a", request: [1]))
        let claim = try #require(try await store.at(1).claimNext())
        await expect(.tooLarge, "the result of job a is 11 bytes; at most 10") {
            try await store.at(2).finish(claim, Job.Result(bytes: [UInt8](repeating: 0, count: 11), media: ""))
        }
        #expect(try await store.at(3).fail(claim, Job.Failure(code: 11, message: "too large")).state == .failed)
    }

    @Test("jobs that ended before a time are forgotten, others stay", arguments: StoreKind.here)
    func expiry(kind: StoreKind) async throws {
        let store = try await kind.store()
        for id in ["old", "new", "running", "queued"] { _ = try await store.at(0).submit(Job.Submission(id, request: [1])) }
        let picture = [UInt8](repeating: 3, count: 4 << 20)
        for (id, time) in [("old", Int64(100)), ("new", 200)] {
            let claim = try #require(try await store.at(1).claimNext())
            #expect(claim.id == id)
            try await store.at(time).finish(claim, Job.Result(bytes: picture, media: ""))
        }
        _ = try await store.at(1).claimNext()
        #expect(try await store.expire(at: 110, after: .milliseconds(10)) == 0)
        let expired = try await store.at(111).expired(after: .milliseconds(10), limit: 10)
        #expect(expired.map(\.id) == ["old"])
        #expect(try await store.now.forget(expired) == 1)
        #expect(try await store.now.forget(expired) == 0)
        await expect(.notFound, "there is no job old: never submitted, or expired") { try await store.now.result("old") }
        #expect(try await store.now.result("new").bytes == picture)
        #expect(try await store.now.list(before: nil, limit: .max).map(\.id) == ["queued", "running", "new"])
        #expect(try await store.expire(at: 1000, after: .zero) == 1)
        #expect(try await store.now.list(before: nil, limit: .max).map(\.id) == ["queued", "running"])
        // Whoever has not ended stays, whatever is asked.
        #expect(try await store.now.forget(try await store.now.list(before: nil, limit: 9)) == 0)
    }

    @Test("an expired id may be used again", arguments: StoreKind.here)
    func reuse(kind: StoreKind) async throws {
        let store = try await kind.store()
        _ = try await store.at(0).submit(Job.Submission("a", request: [1]))
        _ = try await store.at(1).cancel("a")
        try await store.expire(at: 3, after: .milliseconds(1))
        #expect(try await store.at(3).submit(Job.Submission("a", request: [2])).state == .queued)
    }

    @Test("a limit that takes nothing is refused")
    func invalid() async throws {
        await expect(.invalid, "limit attempts is 0; at least 1") { try await StoreKind.sqlite.store { $0.attempts = 0 } }
        await expect(.invalid, "limit resultBytes is 2000000000; at most 1000000000") {
            try await StoreKind.sqlite.store { $0.resultBytes = 2_000_000_000 }
        }
    }

    @Test("a title over 1024 bytes is refused", arguments: StoreKind.here)
    func title(kind: StoreKind) async throws {
        let store = try await kind.store()
        await expect(.invalid, "the title of job a is 1025 bytes; at most 1024") {
            try await store.at(0).submit(Job.Submission("a", request: [1], title: String(repeating: "x", count: 1025)))
        }
    }

    private func counts(queued: Int, ended: Int = 0, bytes: Int) -> JobCounts {
        var counts = JobCounts()
        (counts.queued, counts.ended, counts.bytes) = (queued, ended, bytes)
        return counts
    }
}
