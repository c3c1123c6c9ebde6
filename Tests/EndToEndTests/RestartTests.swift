import Foundation
import Processes
import TestSupport
import Testing

/// A gateway under a service manager that holds its sockets open, as systemd does.
@Suite(.timeLimit(.minutes(3))) struct RestartTests {
    /// Holds a Unix socket and a port open for two lives of a program: SOCKET PORT-FILE PROGRAM ARGUMENT…
    private static let manager = """
        use Socket; use strict; $^F = 99; my ($unix, $tcp, $out); my ($path, $file) = (shift, shift);
        socket($unix, AF_UNIX, SOCK_STREAM, 0) && bind($unix, pack_sockaddr_un($path)) && listen($unix, 64) or die $!;
        socket($tcp, AF_INET, SOCK_STREAM, 0) && bind($tcp, pack_sockaddr_in(0, INADDR_LOOPBACK)) && listen($tcp, 64) or die $!;
        my ($port) = unpack_sockaddr_in(getsockname($tcp));
        open($out, '>', $file) or die $!; print $out $port; close $out;
        s/PORT/$port/ for @ARGV;
        for (1 .. 2) {
            my $child = fork;
            if (!$child) { @ENV{'LISTEN_FDS', 'LISTEN_PID'} = (2, $$); exec @ARGV or die $! }
            waitpid $child, 0; exit 1 if $?;
        }
        """

    @Test("a restart fails nobody: who connects meanwhile waits in the socket, who was refused comes back, and the manager is told what happens")
    func restart() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("run")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let listener = try NoticeListener(scratch.file("notify"))
        let manager = try Program(
            "glm-gateway",
            ["--run-directory", folder, "--start", "text,diffusion", "--model", Binaries.model, "--threads", "1", "--http", "127.0.0.1:PORT"],
            in: scratch, environment: ["NOTIFY_SOCKET": listener.name],
            wrapper: ["/usr/bin/perl", "-e", Self.manager, folder + "/gateway.sock", scratch.file("port")])
        #expect(await listener.line { $0 == "READY=1" } != nil)
        let gateway = try #require(Program.running("glm-gateway", in: scratch).first)
        let stages = Program.running("glm-text", in: scratch)
        for stage in stages {
            // The protocol's variables are the gateway's alone.
            let variables = try String(contentsOfFile: "/proc/\(stage)/environ", encoding: .utf8)
            #expect(!variables.contains("NOTIFY_SOCKET") && !variables.contains("LISTEN_"))
        }

        func picture(_ seed: Int) throws -> Program {
            try Program(
                "glm", ["generate", "x", "--size", "64x64", "--steps", "20", "--seed", "\(seed)", "-o", scratch.file("\(seed).png")], in: scratch,
                environment: ["GLM_RUN_DIRECTORY": folder])
        }
        var programs = try (0..<3).map { try picture($0) }
        _ = try await programs[0].error { $0.hasPrefix("text: ") }
        kill(gateway, SIGTERM)
        #expect(await listener.line { $0 == "STOPPING=1" } != nil)
        programs += try (3..<6).map { try picture($0) }
        let port = try String(contentsOfFile: scratch.file("port"), encoding: .utf8)
        async let health = get("http://127.0.0.1:\(port)/health/live")
        #expect(await listener.line { $0 == "READY=1" } != nil)
        for program in programs {
            let result = try await program.result()
            #expect(result.exit == .code(0), "\(result)")
        }
        #expect(try await health.status == 200)
        kill(try #require(Program.running("glm-gateway", in: scratch).first), SIGTERM)
        #expect(try await manager.result().exit == .code(0))
        // Who holds a socket open takes its file away.
        #expect(FileManager.default.fileExists(atPath: folder + "/gateway.sock"))
    }
}
