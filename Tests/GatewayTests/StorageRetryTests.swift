import Gateway
import Jobs
import Logging
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct StorageRetryTests {
    private static let full = JobsError(.storage, "jobs file /x: database or disk is full")
    private let retry = StorageRetry(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test("an operation that the storage fails is repeated until it succeeds; meanwhile the problem is known")
    func repeated() async throws {
        let calls = Atomic(0)
        let value = try await retry.run { () throws(JobsError) in
            if calls.add(1, ordering: .relaxed).newValue < 3 { throw Self.full }
            return 7
        }
        #expect(value == 7 && calls.load(ordering: .relaxed) == 3)
        #expect(await retry.problem == nil)

        let blocked = Task { [retry] in try await retry.run { () throws(JobsError) in throw Self.full } }
        while await retry.problem == nil { await Task.yield() }
        #expect(await retry.problem == Self.full.message)
        blocked.cancel()
        await #expect(throws: CancellationError.self) { try await blocked.value }
        #expect(await retry.problem == nil)
    }

    @Test("one operation that succeeds does not hide another that still waits")
    func several() async throws {
        let blocked = Task { [retry] in try await retry.run { () throws(JobsError) in throw Self.full } }
        while await retry.problem == nil { await Task.yield() }
        try await retry.run { () throws(JobsError) in }
        #expect(await retry.problem == Self.full.message)
        blocked.cancel()
        _ = await blocked.result
    }

    @Test("what is not the storage's fault is refused at once")
    func refused() async throws {
        let gone = JobsError(.wrongState, "cancelled")
        await #expect(throws: gone) { try await retry.run { () throws(JobsError) in throw gone } }
    }
}
