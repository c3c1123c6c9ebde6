import Domain
import Foundation
import Processes
import Testing
import Wire

/// How processes end: by signals, whatever callers hold open.
@Suite(.timeLimit(.minutes(2))) struct SignalTests {
    @Test("a terminal that closes ends a fleet as SIGTERM does: exit code 0, no stage and no socket left", arguments: [SIGHUP, SIGTERM, SIGINT])
    func fleet(signal: Int32) async throws {
        let fleet = try await RunningFleet.start("text", [])
        fleet.program.child.send(signal)
        #expect(await fleet.program.child.exit.value == .code(0))
        #expect(Program.running(in: fleet.scratch).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fleet.folder).filter { $0.hasSuffix(".sock") }.isEmpty)
        await fleet.connection.close()
    }

    @Test("a signal that was to be ignored when the process started stays ignored, as nohup wants it")
    func ignored() async throws {
        let scratch = try Scratch()
        let program = try Program(
            "glm-gateway", ["--run-directory", scratch.file("run"), "--start", "text", "--model", Binaries.model], in: scratch,
            wrapper: ["/usr/bin/env", "--ignore-signal=HUP"])
        _ = try await program.output { $0.hasPrefix("ready ") }
        program.child.send(SIGHUP)
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        #expect(try await StageClient(connection).describe().state == .serving)
        await connection.close()
        program.child.send(SIGTERM)
        #expect(await program.child.exit.value == .code(0))
    }

    @Test("a second signal ends the process at once, though a request is computed and its deadline is far")
    func twice() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", ["--drain-deadline", "3600"])
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let call = Task {
            let long = GenerateImageRequest(prompt: "a", parameters: .init(height: 512, width: 512, steps: 200))
            _ = try await fleet.gateway.generate(long) { _ in begins.yield() }
        }
        for await _ in begun { break }
        fleet.program.child.send(SIGTERM)
        while try await StageClient(fleet.connection).describe().state != .draining { try await Task.sleep(for: .milliseconds(5)) }
        fleet.program.child.send(SIGTERM)
        #expect(await fleet.program.child.exit.value == .code(0))
        await #expect(throws: (any Error).self) { try await call.value }
        #expect(Program.running(in: fleet.scratch).isEmpty)
        await fleet.connection.close()
    }
}
