import Foundation
import Jobs
import Testing

@Suite("A copy of the jobs")
struct JobCopyTests {
    let file: TemporaryFile

    init() throws { file = try TemporaryFile() }

    /// Jobs in four states, of which one has a result.
    private func store() async throws -> SQLiteJobStore {
        let store = try SQLiteJobStore(path: file.path)
        for id in ["a", "b", "c", "d"] { _ = try await store.submit(Job.Submission(id, request: Array(id.utf8))) }
        let claim = try #require(try await store.claimNext())
        try await store.finish(claim, Job.Result(bytes: [UInt8](repeating: 7, count: 1_000_000), media: "image/png"))
        _ = try await store.claimNext()
        _ = try await store.cancel("c")
        return store
    }

    /// The copy as a file of its own, read in pieces.
    private func write(_ copy: JobCopy) throws -> TemporaryFile {
        let target = try TemporaryFile()
        var bytes: [UInt8] = []
        for offset in stride(from: 0, to: copy.bytes, by: 300_000) { bytes += try copy.read(at: offset, 300_000) }
        #expect(bytes.count == copy.bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: target.path))
        return target
    }

    @Test("holds every job and result as they were, while the store goes on; a store opens it")
    func complete() async throws {
        let store = try await store()
        let jobs = try await store.list(before: nil, limit: 100)
        let copy = try await store.copy()
        #expect(copy.jobs == 4)
        _ = try await store.submit(Job.Submission("later", request: [1]))

        let target = try write(copy)
        let second = try SQLiteJobStore(path: target.path)
        #expect(try await second.list(before: nil, limit: 100) == jobs)
        #expect(try await second.result("a").bytes == [UInt8](repeating: 7, count: 1_000_000))
        // What was running is begun again, as after a crash; what waits waits.
        #expect(try await second.recover(exhaustedCode: 14).queued == ["b"])
        #expect(try await second.claimNext()?.request == Array("b".utf8))
    }

    @Test("leaves nothing in the folder, a killed process's either, and is of its owner alone")
    func traceless() async throws {
        let store = try await store()
        let left = file.path + "-copy"
        try Data("of a process that was killed".utf8).write(to: URL(fileURLWithPath: left))
        chmod(left, 0o644)
        let copies = [try await store.copy(), try await store.copy()]
        #expect(copies[0].bytes == copies[1].bytes)
        let names = try FileManager.default.contentsOfDirectory(atPath: file.folder.path)
        #expect(names.allSatisfy { !$0.contains("copy") }, "\(names)")
    }

    @Test("has no room for what expired")
    func compact() async throws {
        let store = try await store()
        let before = try await store.copy().bytes
        try await store.forget([try await store.get("a")])
        let copy = try await store.copy()
        #expect(copy.jobs == 3 && before - copy.bytes > 900_000)
    }

    @Test("a link in its place is not followed, and a folder is told")
    func strangers() async throws {
        let store = try await store()
        let target = file.folder.appendingPathComponent("target").path
        try FileManager.default.createSymbolicLink(atPath: file.path + "-copy", withDestinationPath: target)
        _ = try await store.copy()
        #expect(!FileManager.default.fileExists(atPath: target))
        try FileManager.default.createDirectory(atPath: file.path + "-copy", withIntermediateDirectories: false)
        do {
            _ = try await store.copy()
            Issue.record("not refused")
        } catch { #expect(error.code == .storage && error.message == "\(file.path)-copy: File exists", "\(error)") }
        #expect(try await store.list(before: nil, limit: 100).count == 4)
    }
}
