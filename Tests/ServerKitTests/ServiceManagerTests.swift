import ArgumentParser
import Foundation
import ServerKit
import Synchronization
import TestSupport
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct ServiceManagerTests {
    @Test("a process without a service manager tells nobody, and was given nothing")
    func none() throws {
        #expect(try ListenVariables([:], processID: 1).names.isEmpty)
        _ = try ServiceManager(["NOTIFY_SOCKET": ""], processID: 1)
    }

    @Test("descriptors have their names, or none; what was meant for another process counts as nothing")
    func descriptors() throws {
        let given = ["LISTEN_FDS": "2", "LISTEN_PID": "7"]
        #expect(try ListenVariables(given.merging(["LISTEN_FDNAMES": "grpc:http"]) { $1 }, processID: 7).names == ["grpc", "http"])
        #expect(try ListenVariables(given, processID: 7).names == ["unknown", "unknown"])
        #expect(try ListenVariables(given, processID: 8).names.isEmpty)
        #expect(try ListenVariables(["LISTEN_FDS": "0", "LISTEN_PID": "7", "LISTEN_FDNAMES": ""], processID: 7).names.isEmpty)
    }

    @Test(
        "variables that make no sense are refused by name and value",
        arguments: [
            (["LISTEN_FDS": "1"], "LISTEN_FDS is set, but LISTEN_PID is \"\"; the id of a process"),
            (["LISTEN_FDS": "1", "LISTEN_PID": "me"], "LISTEN_FDS is set, but LISTEN_PID is \"me\"; the id of a process"),
            (["LISTEN_FDS": "-1", "LISTEN_PID": "7"], "LISTEN_FDS is \"-1\"; 0 to 64"),
            (["LISTEN_FDS": "65", "LISTEN_PID": "7"], "LISTEN_FDS is \"65\"; 0 to 64"),
            (["LISTEN_FDS": "one", "LISTEN_PID": "7"], "LISTEN_FDS is \"one\"; 0 to 64"),
            (
                ["LISTEN_FDS": "2", "LISTEN_PID": "7", "LISTEN_FDNAMES": "http"],
                "LISTEN_FDNAMES has 1 names and LISTEN_FDS is 2; a name for each, colons between"
            ),
            (["NOTIFY_SOCKET": "vsock:2:1"], "NOTIFY_SOCKET is \"vsock:2:1\"; the path of a socket, or @ and an abstract name"),
            (["NOTIFY_SOCKET": "@"], "NOTIFY_SOCKET is \"@\"; the path of a socket, or @ and an abstract name"),
            (["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 107)], "NOTIFY_SOCKET has 108 bytes; at most 107"),
            (["WATCHDOG_USEC": "0"], "WATCHDOG_USEC is \"0\"; a number of microseconds above 0"),
            (["WATCHDOG_USEC": "1s", "WATCHDOG_PID": "7"], "WATCHDOG_USEC is \"1s\"; a number of microseconds above 0"),
        ])
    func refused(variables: [String: String], message: String) {
        #expect(throws: ServerKitError(.serviceManager, message)) { try ServiceManager(variables, processID: 7) }
    }

    @Test("notices arrive together, at a path and at an abstract name; nobody there is no error", arguments: [false, true])
    func notices(isAbstract: Bool) async throws {
        let folder = makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let listener = try NoticeListener(isAbstract ? "@glm-\(UUID())" : folder + "/notify")
        let socket = try NoticeSocket(listener.name)
        #expect(socket.send([.ready, .status("two\nlines"), .stopping, .alive, .extended(.seconds(30))]))
        var messages = listener.messages.makeAsyncIterator()
        #expect(
            await messages.next() == ["READY=1", "STATUS=two\\nlines", "STOPPING=1", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=30000000"])
        #expect(try !NoticeSocket(folder + "/nobody").send([.ready]))
    }

    @Test("ready and stopping are told once, a headline when it changes, and what starts or drains asks for time with each report")
    func report() {
        var report = ServiceReport(isWatched: false)
        #expect(report.notices(.starting, headline: "starting") == [.status("starting"), .extended(ServiceReport.extra)])
        #expect(report.notices(.starting, headline: "starting") == [.extended(ServiceReport.extra)])
        #expect(report.notices(.serving, headline: "serving: 0 running") == [.ready, .status("serving: 0 running")])
        #expect(report.notices(.serving, headline: "serving: 0 running").isEmpty)
        #expect(report.notices(.serving, headline: "NOT READY: x") == [.status("NOT READY: x")])
        #expect(
            report.notices(.draining, headline: "DRAINING: 1 running")
                == [.stopping, .status("DRAINING: 1 running"), .extended(ServiceReport.extra)])
        #expect(report.notices(.draining, headline: "DRAINING: 1 running") == [.extended(ServiceReport.extra)])
        var watched = ServiceReport(isWatched: true)
        #expect(watched.notices(.serving, headline: "") == [.ready, .alive])
        #expect(watched.notices(.serving, headline: "") == [.alive])
    }

    @Test("a server tells when it serves, again and again that it works, and when it drains; the headline is that of its status")
    func server() async throws {
        let folder = makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let listener = try NoticeListener(folder + "/notify")
        let manager = try ServiceManager(["NOTIFY_SOCKET": listener.name, "WATCHDOG_USEC": "20000"], processID: 7)
        let fixture = try await Fixture.start([], manager: manager, loads: false)
        #expect(await listener.line { $0.hasPrefix("STATUS=") } == "STATUS=starting")
        fixture.loaded.finish()
        var heard: [String] = []
        for await message in listener.messages {
            heard += message
            if heard.contains("READY=1"), heard.count(where: { $0 == "WATCHDOG=1" }) > 3 { break }
        }
        #expect(heard.count { $0 == "READY=1" } == 1 && heard.contains("STATUS=serving: 0 running"))
        fixture.server.beginDrain()
        let words = await listener.messages.first { $0.contains("STOPPING=1") }
        #expect(words?.contains("STATUS=DRAINING: 0 running") == true && words?.contains("EXTEND_TIMEOUT_USEC=30000000") == true)
        try await fixture.stop()
    }

    @Test("a server that doesn't answer is not reported as alive")
    func hangs() async throws {
        let folder = makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let listener = try NoticeListener(folder + "/notify")
        let manager = try ServiceManager(["NOTIFY_SOCKET": listener.name, "WATCHDOG_USEC": "2000"], processID: 7)
        let options = try ServerOptions.parse(["--run-directory", folder, "--log-level", "critical"])
        let server = try StageServer(kind: "text", options: options, manager: manager)
        let (asked, onAsked) = AsyncStream.makeStream(of: Void.self)
        let (answer, onAnswer) = AsyncStream.makeStream(of: Void.self)
        let served = Task {
            try await server.run([]) {
                onAsked.yield()
                for await _ in answer { break }
                return []
            } load: {
                StageModel()
            }
        }
        for await _ in asked { break }
        // Ten times as long as the watchdog has patience.
        try await Task.sleep(for: .milliseconds(20))
        #expect(listener.count.value.load(ordering: .relaxed) == 0)
        onAnswer.yield()
        var messages = listener.messages.makeAsyncIterator()
        #expect(await messages.next()?.contains("WATCHDOG=1") == true)
        server.beginDrain()
        try await served.value
    }
}
