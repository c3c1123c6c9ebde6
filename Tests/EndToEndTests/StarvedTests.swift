import Domain
import Foundation
import FoundationNetworking
import Processes
import Testing
import Wire

/// A gateway whose system runs out of something: it goes on, says so, and recovers.
@Suite(.timeLimit(.minutes(3)), .serialized) struct StarvedTests {
    /// New namespaces of users and mounts, as `unshare` makes them; some systems forbid it.
    private static let canUnshare: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "--user", "--map-root-user", "--mount", "true"]
        process.standardError = FileHandle.nullDevice
        return (try? process.run()).map {
            process.waitUntilExit(); return process.terminationStatus == 0
        } ?? false
    }()

    @Test("without inotify the run directory is listed every second instead, and the log names the limit", .enabled(if: canUnshare))
    func noInotify() async throws {
        let scratch = try Scratch()
        let script = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\""
        let program = try Program(
            "glm-gateway", ["--run-directory", scratch.file("run"), "--start", "text,diffusion", "--model", Binaries.model, "--exit-with-parent"],
            in: scratch, wrapper: ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"])
        _ = try await program.error { $0.contains("max_user_instances") && $0.contains("listed every second") }
        _ = try await program.output { $0.hasPrefix("ready ") }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        let image = try await GatewayClient(connection).generate(
            GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 1)))
        #expect(!image.image.isEmpty)
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
    }

    @Test("a full state directory pauses the jobs: readiness and status say so, and later each job ends as done", .enabled(if: canUnshare))
    func fullDisk() async throws {
        let scratch = try Scratch()
        let state = scratch.file("state")
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let script = "mount -t tmpfs -o size=3m,mode=700 tmpfs \"$0\" && exec \"$@\""
        let program = try Program(
            "glm-gateway",
            [
                "--run-directory", scratch.file("run"), "--start", "text,diffusion", "--model", Binaries.model, "--state-directory", state, "--http",
                "127.0.0.1:0",
            ], in: scratch, wrapper: ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, state])
        let http = try #require(try await program.error { $0.contains("served over HTTP") }.firstMatch(of: #/http:\/\/127\.0\.0\.1:\d+/#)).output
        _ = try await program.output { $0.hasPrefix("ready ") }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        let gateway = GatewayClient(connection), jobs = JobsClient(connection)
        func request(_ seed: Int) -> GenerateImageRequest {
            GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 4, seed: UInt64(seed)))
        }
        for seed in 0..<36 { _ = try await jobs.submit(SubmitJobRequest(id: "job-\(seed)", request: request(seed))) }

        // The gateway's own view of the folder, from outside its namespace.
        let pid = try #require(Program.running("glm-gateway", in: scratch).first)
        let filler = "/proc/\(pid)/root\(state)/filler"
        try fill(filler)
        try await status(gateway) { $0.problems.contains { $0.contains("jobs are paused") } }
        #expect(try await ready(http).contains("jobs are paused"))
        let refused = await #expect(throws: CallError.self) {
            try await jobs.submit(SubmitJobRequest(id: "late", request: request(99)))
        }
        #expect(refused?.status == .resourceExhausted && refused?.message.contains("full") == true, "\(refused as Any)")

        try FileManager.default.removeItem(atPath: filler)
        try await status(gateway) { $0.problems.isEmpty }
        _ = try await jobs.submit(SubmitJobRequest(id: "job-36", request: request(36)))
        for seed in 0...36 {
            try await jobs.watch("job-\(seed)") { _ in }
            #expect(try await jobs.get("job-\(seed)").state == .done)
        }
        #expect(try await gateway.status().jobs == JobCounts(queued: 0, running: 0, ended: 37))
        #expect(try await ready(http).contains("ok"))
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
    }

    /// Returns when the fleet is so, true, or the program has ended, false. A gateway that can't accept a connection is asked again.
    private func eventually(_ gateway: GatewayClient, of program: Program, _ holds: (FleetStatus) -> Bool) async throws -> Bool {
        while program.child.exit.current == nil {
            if let status = try? await gateway.status(CallSettings(timeout: .seconds(2))), holds(status) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    @Test("a gateway without descriptors goes on to try to start a stage that has ended, says why it can't, and does so when it has some again")
    func noDescriptors() async throws {
        // libdispatch may end a process that has none (deploy/upstream, the report on `_dispatch_workq_monitor_pools`): then another is tried.
        for _ in 0..<3 where try await goesOnWithoutDescriptors() { return }
        Issue.record("the gateway ended each time")
    }

    /// - Returns: false: libdispatch has ended the gateway.
    private func goesOnWithoutDescriptors() async throws -> Bool {
        let scratch = try Scratch()
        let program = try Program(
            "glm-gateway", ["--run-directory", scratch.file("run"), "--start", "text,diffusion", "--model", Binaries.model, "--exit-with-parent"],
            in: scratch)
        _ = try await program.output { $0.hasPrefix("ready ") }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        let gateway = GatewayClient(connection)
        let small = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 1))
        let before = try await gateway.generate(small)

        // What it has open stays so.
        let pid = try #require(Program.running("glm-gateway", in: scratch).first)
        try await limitDescriptors(of: pid, to: 3)
        kill(try #require(Program.running("glm-text", in: scratch).first), SIGKILL)
        _ = try await program.error { $0.contains("stage can't be started") && $0.contains("text-0") && $0.contains("Too many open files") }
        // More tries than the five that a stage has which fails by itself.
        try await Task.sleep(for: .seconds(4))
        if program.child.exit.current == .signal(SIGILL) {
            await connection.close()
            return false
        }
        // A connection that is lost meanwhile can't be had again.
        if let told = try? await gateway.status(CallSettings(timeout: .seconds(2))) {
            #expect(told.problems.contains { $0.contains("text-0 can't be started: ") && $0.contains("Too many open files") })
        }

        try await limitDescriptors(of: pid, to: 1024)
        guard try await eventually(gateway, of: program, { $0.problems.isEmpty }) else {
            #expect(program.child.exit.current == .signal(SIGILL))
            await connection.close()
            return false
        }
        #expect(try await gateway.generate(small).image == before.image)
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
        return true
    }

    /// Of another process, from now on.
    private func limitDescriptors(of process: Int32, to limit: Int) async throws {
        let change = try ChildProcess(
            name: "prlimit", executable: "/usr/bin/env", arguments: ["prlimit", "--pid", "\(process)", "--nofile=\(limit):"])
        try #require(await change.exit.value == .code(0))
    }

    @Test("a run directory that is removed ends the gateway and its stages, with the reason")
    func removedFolder() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", [])
        try FileManager.default.removeItem(atPath: fleet.folder)
        let exit = await fleet.program.child.exit.value
        #expect(exit == .code(1))
        #expect(fleet.program.child.lastErrorLines.last?.contains("was removed or renamed") == true, "\(fleet.program.child.lastErrorLines)")
        try await Program.waitForNone(in: fleet.scratch)
        await fleet.connection.close()
    }

    /// Takes all room that the file system has.
    private func fill(_ path: String) throws {
        let descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
    }

    /// Returns when the gateway's status fits.
    private func status(_ gateway: GatewayClient, where fits: (FleetStatus) -> Bool) async throws {
        while !fits(try await gateway.status()) { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func ready(_ http: Substring) async throws -> String {
        let (data, _) = try await URLSession.shared.data(from: try #require(URL(string: "\(http)/health/ready")))
        return String(decoding: data, as: UTF8.self)
    }
}
