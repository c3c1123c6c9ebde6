import Foundation
import Jobs
import Testing

@Suite("What a store takes and how long it keeps it")
struct JobLimitsTests {
    let file: TemporaryFile

    init() throws { file = try TemporaryFile() }

    private func store(_ change: (inout JobLimits) -> Void) throws -> JobStore {
        var limits = JobLimits()
        change(&limits)
        return try JobStore(path: file.path, limits: limits)
    }

    @Test("a full line refuses with limit and value, takes again when a job leaves it, and knows the jobs it has")
    func queued() async throws {
        let store = try store { $0.queued = 2 }
        for id in ["a", "b"] { _ = try await store.submit(id, request: [1], at: 0) }
        await expect(.full, "2 jobs wait; at most 2") { try await store.submit("c", request: [1], at: 0) }
        #expect(try await store.submit("a", request: [1], at: 0).state == .queued)
        _ = try await store.claimNext(at: 1)
        _ = try await store.submit("c", request: [1], at: 2)
    }

    @Test("jobs in all are bounded until they expire")
    func kept() async throws {
        let store = try store { $0.kept = 2 }
        for id in ["a", "b"] {
            _ = try await store.submit(id, request: [1], at: 0)
            _ = try await store.cancel(id, at: 1)
        }
        await expect(.full, "2 jobs are kept; at most 2") { try await store.submit("c", request: [1], at: 2) }
        try await store.expire(before: 2)
        _ = try await store.submit("c", request: [1], at: 3)
    }

    @Test("bytes are bounded with the results to come, and given back when the result is smaller")
    func bytes() async throws {
        let store = try store { ($0.bytes, $0.resultBytes) = (1000, 300) }
        _ = try await store.submit("a", request: [UInt8](repeating: 1, count: 100), at: 0)
        _ = try await store.submit("b", request: [UInt8](repeating: 1, count: 100), at: 0)
        #expect(try await store.counts() == counts(queued: 2, bytes: 800))
        await expect(.full, "jobs take 800 bytes, this one needs 301 with its result; at most 1000 together") {
            try await store.submit("c", request: [1], at: 0)
        }
        let claim = try #require(try await store.claimNext(at: 1))
        try await store.finish(claim, Job.Result(bytes: [UInt8](repeating: 2, count: 50), media: ""), at: 2)
        #expect(try await store.counts() == counts(queued: 1, ended: 1, bytes: 550))
        _ = try await store.submit("c", request: [1], at: 3)
        await expect(.tooLarge, "the request is 701 bytes; with 300 for its result it is over the 1000 of all jobs") {
            try await store.submit("d", request: [UInt8](repeating: 1, count: 701), at: 3)
        }
    }

    @Test("a result over the limit is refused, and the job can still be failed")
    func largeResult() async throws {
        let store = try store { $0.resultBytes = 10 }
        _ = try await store.submit("a", request: [1], at: 0)
        let claim = try #require(try await store.claimNext(at: 1))
        await expect(.tooLarge, "the result of job a is 11 bytes; at most 10") {
            try await store.finish(claim, Job.Result(bytes: [UInt8](repeating: 0, count: 11), media: ""), at: 2)
        }
        #expect(try await store.fail(claim, Job.Failure(code: 11, message: "too large"), at: 3).state == .failed)
    }

    @Test("jobs that ended before a time are forgotten, others stay, and the file gets smaller")
    func expiry() async throws {
        let store = try store { _ in }
        for id in ["old", "new", "running", "queued"] { _ = try await store.submit(id, request: [1], at: 0) }
        let picture = [UInt8](repeating: 3, count: 4 << 20)
        for (id, time) in [("old", Int64(100)), ("new", 200)] {
            let claim = try #require(try await store.claimNext(at: 1))
            #expect(claim.id == id)
            try await store.finish(claim, Job.Result(bytes: picture, media: ""), at: time)
        }
        _ = try await store.claimNext(at: 1)
        #expect(try await store.expire(before: 100) == 0)
        #expect(try await store.expire(before: 101) == 1)
        await expect(.notFound, "there is no job old: never submitted, or expired") { try await store.result("old") }
        #expect(try await store.result("new").bytes == picture)
        #expect(try await store.list().map(\.id) == ["queued", "running", "new"])
        #expect(try await store.expire(before: .max) == 1)
        #expect(try await store.list().map(\.id) == ["queued", "running"])
        try store.close()
        let size = try #require(try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int)
        #expect(size < 1 << 20)
    }

    @Test("an expired id may be used again")
    func reuse() async throws {
        let store = try store { _ in }
        _ = try await store.submit("a", request: [1], at: 0)
        _ = try await store.cancel("a", at: 1)
        try await store.expire(before: 2)
        #expect(try await store.submit("a", request: [2], at: 3).state == .queued)
    }

    @Test("a limit that takes nothing is refused")
    func invalid() {
        expect(.invalid, "limit attempts is 0; at least 1") { _ = try store { $0.attempts = 0 } }
        expect(.invalid, "limit resultBytes is 2000000000; at most 1000000000") { _ = try store { $0.resultBytes = 2_000_000_000 } }
    }

    @Test("a title over 1024 bytes is refused")
    func title() async throws {
        let store = try store { _ in }
        await expect(.invalid, "the title of job a is 1025 bytes; at most 1024") {
            try await store.submit("a", request: [1], title: String(repeating: "x", count: 1025), at: 0)
        }
    }

    private func counts(queued: Int, ended: Int = 0, bytes: Int) -> JobCounts {
        var counts = JobCounts()
        (counts.queued, counts.ended, counts.bytes) = (queued, ended, bytes)
        return counts
    }
}
