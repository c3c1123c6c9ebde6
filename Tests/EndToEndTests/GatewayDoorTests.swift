import Foundation
import Processes
import Testing
import Wire

/// A gateway that is there but does not serve, or is not there.
@Suite(.timeLimit(.minutes(3))) struct GatewayDoorTests {
    private static let picture = ["generate", "x", "--size", "64x64", "--steps", "1", "--seed", "3"]

    private static let operations = [
        ["status"], ["jobs"], ["jobs", "wait", "x"], ["jobs", "cancel", "x"], ["scale", "text", "2"], ["drain", "text-0"],
        ["swap", "text", "--model", Binaries.model],
    ]

    /// Runs commands at the same time; all of them are to fail with the same words and exit code 1.
    private func expect(
        _ words: String, _ commands: [[String]], in scratch: Scratch, environment: [String: String] = [:],
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        try await withThrowingTaskGroup(of: Program.Result.self) { group in
            for command in commands { group.addTask { try await Program.run("glm", command, in: scratch, environment: environment) } }
            for try await result in group {
                #expect(result.exit == .code(1) && result.error == words, "\(result.errors)", sourceLocation: location)
            }
        }
    }

    @Test("a gateway that hangs is told within seconds by every command; nobody draws with another model in its place")
    func hangs() async throws {
        let fleet = try await RunningFleet.start("text,diffusion")
        let out = fleet.scratch.file("a.png")
        fleet.program.child.send(SIGSTOP)
        try await expect(
            "no gateway answers at \(fleet.address): the process there has not answered for 5 s; it hangs, or was stopped",
            Self.operations + [Self.picture + ["-o", out], Self.picture + ["--detach"]], in: fleet.scratch,
            environment: ["GLM_RUN_DIRECTORY": fleet.folder])
        fleet.program.child.send(SIGCONT)
        #expect(try await Program.run("glm", ["status"], in: fleet.scratch, environment: ["GLM_RUN_DIRECTORY": fleet.folder]).exit == .code(0))
        await fleet.stop()
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test("a gateway that starts is waited for; its model draws")
    func starts() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("run")
        let gateway = try Program(
            "glm-gateway", ["--run-directory", folder, "--start", "text,diffusion", "--model", Binaries.model, "--exit-with-parent"], in: scratch)
        while !FileManager.default.fileExists(atPath: folder + "/gateway.sock") { try await Task.sleep(for: .milliseconds(1)) }
        let environment = ["GLM_RUN_DIRECTORY": folder]
        let drawing = try Program("glm", Self.picture + ["-o", scratch.file("a.png")], in: scratch, environment: environment)
        #expect(try await Program.run("glm", ["status"], in: scratch, environment: environment).exit == .code(0))
        let result = try await drawing.result()
        #expect(result.exit == .code(0) && result.output.first?.contains("model tiny-f32 ") == true, "\(result)")
        await gateway.child.stop(grace: .seconds(10))
    }

    @Test("a gateway that drains is waited for, and the one that follows it draws; who wants no more than an answer gets one meanwhile")
    func drains() async throws {
        let fleet = try await RunningFleet.start("text,diffusion")
        let environment = ["GLM_RUN_DIRECTORY": fleet.folder]
        let long = try Program(
            "glm", ["generate", "x", "--size", "1024x1024", "--steps", "200", "-o", fleet.scratch.file("a.png")], in: fleet.scratch,
            environment: environment)
        _ = try await long.error { $0.hasPrefix("text: started") }
        fleet.program.child.send(SIGTERM)
        _ = try await fleet.program.error { $0.contains("draining") }
        let waiting = try [["-o", fleet.scratch.file("b.png")], ["--detach"]].map {
            try Program("glm", Self.picture + $0, in: fleet.scratch, environment: environment)
        }
        for program in waiting {
            let words = try await program.error { _ in true }
            #expect(words == "the gateway at \(fleet.address) drains; waiting for the next one")
        }
        let status = try await Program.run("glm", ["status"], in: fleet.scratch, environment: environment)
        #expect(status.output.first == "DRAINING: 1 running", "\(status)")
        long.child.send(SIGINT)
        #expect(try await long.result().exit == .code(130))
        #expect(await fleet.program.child.exit.value == .code(0))
        await fleet.connection.close()
        let next = try await RunningFleet.start("text,diffusion", in: fleet.scratch, [])
        for program in waiting { #expect(try await program.result().exit == .code(0)) }
        #expect(try await JobsClient(next.connection).list().jobs.count == 1)
        await next.stop()
    }

    @Test("without a gateway, and with a socket that one has left behind, generate starts its own fleet; the others say that nobody is there")
    func nobody() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("run")
        let environment = ["GLM_RUN_DIRECTORY": folder, "GLM_MODEL": Binaries.model]
        let address = "unix:\(folder)/gateway.sock"
        try await expect("no gateway answers at \(address): there is no such socket", Self.operations, in: scratch, environment: environment)

        let fleet = try await RunningFleet.start("text,diffusion", in: scratch)
        fleet.program.child.send(SIGKILL)
        _ = await fleet.program.child.exit.value
        try await expect("no gateway answers at \(address): nobody listens at that socket", Self.operations, in: scratch, environment: environment)
        let result = try await Program.run("glm", Self.picture + ["-o", scratch.file("a.png")], in: scratch, environment: environment)
        #expect(result.exit == .code(0), "\(result.errors)")
        // A gateway that somebody names is to be there.
        try await expect(
            "no gateway answers at \(address): nobody listens at that socket", [Self.picture + ["-o", scratch.file("b.png"), "--gateway", address]],
            in: scratch)
        try await Program.waitForNone(in: scratch)
    }

    @Test("an address that is no gateway's is told with the system's reason")
    func elsewhere() async throws {
        let scratch = try Scratch()
        let picture = Self.picture + ["-o", scratch.file("a.png"), "--gateway"]
        // A server that takes connections and says nothing.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                getsockname(listener, $0, &length)
            }
        }
        let address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
        try await expect(
            "no gateway answers at \(address): Connection refused", [picture + [address], ["status", "--gateway", address]], in: scratch)
        listen(listener, 5)
        try await expect(
            "no gateway answers at \(address): the process there has not answered for 5 s; it hangs, or was stopped",
            [picture + [address], ["status", "--gateway", address]], in: scratch)

        let file = "unix:\(Binaries.model)/model_index.json"
        try await expect("no gateway answers at \(file): that is no socket", [picture + [file], ["jobs", "--gateway", file]], in: scratch)
        try await expect("no gateway answers at \(file)/x: Not a directory", [picture + ["\(file)/x"]], in: scratch)

        let stage = try Program("glm-text", ["--run-directory", scratch.file("run"), "--model", Binaries.model, "--exit-with-parent"], in: scratch)
        _ = try await stage.output { $0.hasPrefix("ready ") }
        let text = "unix:\(scratch.file("run"))/text-0.sock"
        try await expect("what answers at \(text) is no gateway", [picture + [text], ["status", "--gateway", text]], in: scratch)
        await stage.child.stop(grace: .seconds(10))
        #expect(scratch.contents == ["run"])
    }
}
