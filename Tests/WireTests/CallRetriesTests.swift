import GRPCCore
import Synchronization
import Testing
import Wire

@Suite struct CallRetriesTests {
    private static let told = CallError(.unavailable, "draining", retryAfter: .milliseconds(200))
    private static let lost = CallError(RPCError(code: .unavailable, message: "connection closed"))

    @Test("what says that it starts or drains is tried again after what it says and a growing pause, a bounded number of times")
    func told() {
        var retries = CallRetries()
        var pauses: [Duration] = []
        while let pause = retries.pause(after: Self.told, jitter: 0.5) { pauses.append(pause) }
        // What it says, and 200 ms, 400 ms, … beside it.
        #expect(pauses.map { ($0 / .milliseconds(1)).rounded() } == [400, 600, 1000, 1800, 3400, 5200, 5200, 5200])
        #expect(retries.made == CallRetries.limit)
    }

    @Test("a lost connection is tried again; what a server of ours says without a hint stands, and so does every other error")
    func others() {
        #expect(!Self.lost.wasAnswered)
        for error in [Self.lost, Self.told] {
            var retries = CallRetries()
            #expect(retries.pause(after: error, jitter: 0) != nil)
        }
        let final = CallError(
            RPCError(code: .unavailable, message: "no text stage is running", metadata: [RequestID.key: "0123456789abcdef"]))
        #expect(final.wasAnswered)
        for error in [
            final, CallError(.resourceExhausted, "busy", retryAfter: .seconds(1)), CallError(.aborted, ""), CallError(.deadlineExceeded, ""),
        ] {
            var retries = CallRetries()
            #expect(retries.pause(after: error, jitter: 0) == nil && retries.made == 0)
        }
    }

    @Test("those who failed together come back apart")
    func jitter() {
        let pauses = [0, 0.5, 1].map { jitter in
            var retries = CallRetries()
            return retries.pause(after: Self.lost, jitter: jitter)
        }
        #expect(pauses == [.milliseconds(100), .milliseconds(200), .milliseconds(300)])
    }

    @Test("no try is made for which there is no time")
    func deadline() {
        var retries = CallRetries()
        #expect(retries.pause(after: Self.told, left: .milliseconds(400), jitter: 0.5) == nil && retries.made == 0)
        #expect(retries.pause(after: Self.told, left: .milliseconds(401), jitter: 0.5) == .milliseconds(400))
    }

    @Test("a call is repeated until it succeeds, unless that is not safe any more")
    func repeating() async throws {
        let connection = try StageConnection(to: .unix(path: "nobody.sock"))
        let calls = Mutex(0)
        let answer = try await connection.repeating(CallSettings(timeout: .seconds(60))) { settings in
            let count = calls.withLock { calls in
                calls += 1
                return calls
            }
            #expect(settings.timeout.map { $0 <= .seconds(60) } == true)
            if count < 2 { throw Self.lost }
            return "done"
        }
        #expect(answer == "done" && calls.withLock { $0 } == 2)
        await #expect(throws: Self.lost) { try await connection.repeating(while: { false }) { _ in throw Self.lost } }
        // The first pause alone is longer.
        await #expect(throws: Self.told) {
            try await connection.repeating(CallSettings(timeout: .milliseconds(50))) { _ in throw Self.told }
        }
        await connection.close()
    }
}
