import ArgumentParser
import Domain
import Foundation
import ServerKit
import TestSupport
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    @Test("until the model is loaded the process answers what it is, is NOT_SERVING and refuses work")
    func readiness() async throws {
        let fixture = try await Fixture.start([], loads: false)
        #expect(try await fixture.health.check(CallSettings(waitForReady: true)) == .notServing)
        let description = try await StageClient(fixture.connection).describe()
        #expect(description.state == .starting && description.kind == "text" && description.modelName == "")
        await #expect(throws: CallError(.unavailable, "starting: the model is being loaded", retryAfter: .milliseconds(200))) {
            try await fixture.text.generate(Fixture.request)
        }
        fixture.loaded.finish()
        try await fixture.waitUntil(.serving)
        #expect(try await StageClient(fixture.connection).describe().modelName == "scripted")
        #expect(try await fixture.text.generate(Fixture.request).target.codes == [1])
        try await fixture.stop()
    }

    @Test("a burst of a thousand connections is accepted")
    func burst() async throws {
        let fixture = try await Fixture.start([.token])
        guard case .unix(let path) = fixture.server.address else { preconditionFailure("not a Unix socket") }
        let sockets = (0..<1000).map { _ in Self.connect(path) }
        // Non-blocking: a full queue refuses.
        #expect(sockets.allSatisfy { $0 != nil })
        #expect(try await fixture.text.generate(Fixture.request).target.codes == [1])
        for socket in sockets.compactMap({ $0 }) { close(socket) }
        try await fixture.stop()
    }

    private static func connect(_ path: String) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        return status == 0 ? descriptor : nil
    }

    @Test("TCP serves as the Unix socket does")
    func tcp() async throws {
        let fixture = try await Fixture.start([.token], listen: "127.0.0.1:0")
        #expect(try await fixture.text.generate(Fixture.request).target.codes == [1])
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder) == [])
        try await fixture.stop()
    }

    @Test("both ends of a TCP connection ask whether the other's host is still there")
    func vanishedPeers() async throws {
        let fixture = try await Fixture.start([], listen: "127.0.0.1:0")
        _ = try await fixture.health.list()
        guard case .tcp(_, let port) = fixture.server.address else { preconditionFailure("no port") }
        // What is on its way takes the timer for a moment.
        while try TCPTable.keepalives(port: port) < 2 { try await Task.sleep(for: .milliseconds(5)) }
        try await fixture.stop()
    }

    @Test(
        "a server that ends while calls keep coming takes nobody along: each call is answered or told that the stage is gone",
        .timeLimit(.minutes(1)))
    func endsUnderCalls() async throws {
        for _ in 0..<20 {
            let fixture = try await Fixture.start([])
            await withTaskGroup(of: CallError?.self) { callers in
                for _ in 0..<16 {
                    callers.addTask {
                        do { while true { _ = try await fixture.health.list() } } catch { return error as? CallError }
                    }
                }
                fixture.served.cancel()
                for await refusal in callers { #expect(refusal?.status == .unavailable) }
            }
            try await fixture.served.value
        }
    }

    @Test("health knows every service by name, and no others")
    func health() async throws {
        let fixture = try await Fixture.start([])
        #expect(try await fixture.health.list().statuses.mapValues(\.status) == ["": .serving, "glm.v1.Text": .serving, "glm.v1.Stage": .serving])
        #expect(try await fixture.health.check(service: "glm.v1.Text") == .serving)
        await #expect(throws: CallError(.notFound, "no service \"x\"")) { try await fixture.health.check(service: "x") }
        try await fixture.stop()
    }

    @Test("a method that the process does not serve is UNIMPLEMENTED")
    func unimplemented() async throws {
        let fixture = try await Fixture.start([])
        let refusal = await #expect(throws: CallError.self) { try await GatewayClient(fixture.connection).status() }
        #expect(refusal?.status == .unimplemented)
        try await fixture.stop()
    }

    @Test("what a stage's library throws arrives as the status that the stage gave it")
    func errors() async throws {
        let fixture = try await Fixture.start([])
        await #expect(throws: CallError(.failedPrecondition, "scripted")) {
            try await fixture.text.generate(Fixture.request("bad"))
        }
        try await fixture.stop()
    }

    @Test("a client that cancels stops the work, and the next request is served")
    func cancellation() async throws {
        let fixture = try await Fixture.start([.forever])
        let call = Task { try await fixture.text.generate(Fixture.request) }
        await fixture.waitUntilBegun()
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        await #expect(throws: CallError.self) {
            try await fixture.text.generate(Fixture.request, CallSettings(timeout: .milliseconds(200)))
        }
        try await fixture.stop()
    }

    @Test("a client that cancels stops work that sends nothing, too")
    func silentCancellation() async throws {
        let fixture = try await Fixture.start([.hold])
        let call = Task { try await fixture.text.generate(Fixture.request) }
        await fixture.waitUntilBegun()
        call.cancel()
        var failures = fixture.failed.makeAsyncIterator()
        #expect(await failures.next()?.status == .cancelled)
        try await fixture.stop()
    }

    @Test("a deadline ends the call on both sides")
    func deadline() async throws {
        let fixture = try await Fixture.start([.hold])
        let refusal = await #expect(throws: CallError.self) {
            try await fixture.text.generate(Fixture.request, CallSettings(timeout: .seconds(2)))
        }
        #expect(refusal?.status == .deadlineExceeded)
        var failures = fixture.failed.makeAsyncIterator()
        #expect(await failures.next() != nil)
        try await fixture.stop()
    }

    @Test("with the queue full a request is refused with a hint when to come back")
    func overload() async throws {
        let fixture = try await Fixture.start([.hold], queue: 0)
        let call = Task { try await fixture.text.generate(Fixture.request) }
        await fixture.waitUntilBegun()
        let refusal = await #expect(throws: CallError.self) { try await fixture.text.generate(Fixture.request) }
        #expect(refusal?.status == .resourceExhausted)
        #expect(refusal?.retryAfter != nil)
        fixture.release.finish()
        #expect(try await call.value.target.codes == [1])
        try await fixture.stop()
    }

    @Test("draining, work in flight is finished, new work is refused, then the socket is gone")
    func drain() async throws {
        let fixture = try await Fixture.start([.token, .hold])
        let call = Task { try await fixture.text.generate(Fixture.request) }
        await fixture.waitUntilBegun()
        #expect(try await StageClient(fixture.connection).drain(DrainRequest()).inFlight == 1)
        try await fixture.waitUntil(.notServing)
        #expect(try await StageClient(fixture.connection).describe().state == .draining)
        await #expect(throws: CallError(.unavailable, "draining: the process takes no new work", retryAfter: .milliseconds(200))) {
            try await fixture.text.generate(Fixture.request)
        }
        fixture.release.finish()
        #expect(try await call.value.target.codes == [1])
        try await fixture.served.value
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder) == [])
        try await fixture.stop()
    }

    @Test("work that is not done at the drain's deadline is cancelled")
    func drainDeadline() async throws {
        let fixture = try await Fixture.start([.hold], drainDeadline: 0.05)
        let call = Task { try await fixture.text.generate(Fixture.request) }
        await fixture.waitUntilBegun()
        fixture.server.beginDrain()
        await #expect(throws: CallError(.unavailable, "the process ends; its time to finish work is over", retryAfter: .milliseconds(200))) {
            try await call.value
        }
        try await fixture.served.value
        try await fixture.stop()
    }

    @Test("a model that cannot be loaded ends the process with its error")
    func loadFailure() async throws {
        let folder = makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try StageServer(kind: "text", options: try ServerOptions.parse(["--run-directory", folder, "--log-level", "critical"]))
        await #expect(throws: ScriptedError.self) { try await server.run([]) { throw ScriptedError() } }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }

    @Test("callers that arrive while a model fails to load don't bring the process down: it ends with that error")
    func loadFailureUnderCalls() async throws {
        for _ in 0..<20 {
            let folder = makeTemporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let server = try StageServer(kind: "text", options: try ServerOptions.parse(["--run-directory", folder, "--log-level", "critical"]))
            let (answers, answered) = AsyncStream<Void>.makeStream()
            let callers = Task {
                await withDiscardingTaskGroup { group in
                    for _ in 0..<8 {
                        group.addTask {
                            var answers = true
                            while answers, let connection = try? StageConnection(to: server.address) {
                                answers = (try? await StageClient(connection).describe()) != nil
                                answered.yield()
                                await connection.close()
                            }
                        }
                    }
                }
            }
            await #expect(throws: ScriptedError.self) {
                try await server.run([]) {
                    for await _ in answers.prefix(8) {}
                    throw ScriptedError()
                }
            }
            await callers.value
        }
    }

    @Test("a process that is not there is UNAVAILABLE at once")
    func absent() async throws {
        let connection = try StageConnection(to: .unix(path: NSTemporaryDirectory() + "glm-nobody-here.sock"))
        let refusal = await #expect(throws: CallError.self) { try await StageClient(connection).describe() }
        #expect(refusal?.status == .unavailable)
        await connection.close()
    }
}
