import Foundation
import ServerKit
import Synchronization
import Testing
import Wire

@Suite struct WorkTests {
    private let call = ServerCall(requestID: "r", method: "glm.v1.Text/Generate")

    @Test("a gate lets nothing in before it is opened and after it is closed")
    func phases() async throws {
        let gate = WorkGate(queueCapacity: 1)
        await #expect(throws: CallError(.unavailable, "starting: the model is being loaded", retryAfter: .milliseconds(200))) {
            try await gate.work(call) { _ in }
        }
        #expect(throws: CallError.self) { try gate.checkServes() }
        #expect(gate.open())
        try gate.checkServes()
        #expect(try await gate.work(call) { _ in 7 } == 7)
        #expect(gate.close {} == 0)
        #expect(throws: CallError.self) { try gate.checkServes() }
        await #expect(throws: CallError(.unavailable, "draining: the process takes no new work", retryAfter: .milliseconds(200))) {
            try await gate.work(call) { _ in }
        }
        #expect(!gate.open())
    }

    @Test("a waiting call whose task is cancelled leaves the queue, and the next one gets its turn")
    func cancelledWaiting() async throws {
        let gate = WorkGate(queueCapacity: 2)
        _ = gate.open()
        let (release, releasing) = AsyncStream<Void>.makeStream()
        let (started, starting) = AsyncStream<Void>.makeStream()
        let first = Task { [call] in
            try await gate.work(call) { _ in
                starting.yield()
                for await _ in release {}
            }
        }
        for await _ in started { break }
        let second = Task { [call] in try await gate.work(call) { _ in Issue.record("the cancelled call ran") } }
        second.cancel()
        await #expect(throws: CallError(.cancelled, "the caller has left")) { try await second.value }
        let third = Task { [call] in try await gate.work(call) { _ in 3 } }
        releasing.finish()
        try await first.value
        #expect(try await third.value == 3)
        #expect(gate.load == StageLoad())
    }

    @Test("closing tells when the last call has left, and cancelling everything reaches its token")
    func closing() async throws {
        let gate = WorkGate(queueCapacity: 0)
        _ = gate.open()
        let (started, starting) = AsyncStream<Void>.makeStream()
        let (idle, becoming) = AsyncStream<Void>.makeStream()
        let work = Task { [call] in
            try await gate.work(call) { token in
                starting.yield()
                while true {
                    try token.checkCancellation()
                    await Task.yield()
                }
            }
        }
        for await _ in started { break }
        #expect(gate.close { becoming.finish() } == 1)
        gate.cancelAll()
        for await _ in idle {}
        await #expect(throws: CallError(.unavailable, "the process ends; its time to finish work is over", retryAfter: .milliseconds(200))) {
            try await work.value
        }
    }

    @Test("a token throws after its deadline, and keeps the first reason it was cancelled for")
    func token() throws {
        #expect(throws: CallError(.deadlineExceeded, "the caller's deadline has passed")) { try WorkToken(deadline: .now).checkCancellation() }
        let token = WorkToken(deadline: .now + .seconds(1000))
        try token.checkCancellation()
        token.cancel(.callerLeft)
        token.cancel(.drainDeadline)
        #expect(throws: CallError(.cancelled, "the caller has left")) { try token.checkCancellation() }
    }

    @Test("an actor on a compute thread runs on that thread, and ends it with stop")
    func computeThread() async {
        actor Worker {
            let thread = ComputeThread(name: "worker")
            nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
            func threadName() -> String? { Thread.current.name }
        }
        let worker = Worker()
        #expect(await worker.threadName() == "worker")
        worker.thread.stop()
    }

    @Test("events arrive in order and complete, however slow the reader is")
    func eventBuffer() async {
        let buffer = EventBuffer<Int>()
        let thread = Thread {
            for event in 0..<10_000 { buffer.append(event) }
            buffer.finish()
        }
        thread.start()
        var received: [Int] = []
        for await batch in buffer { received += batch }
        #expect(received == Array(0..<10_000))
    }
}
