import Domain
import Foundation
import Processes
import Testing
import Wire

/// What callers over a network may do, and what stays of their words.
@Suite(.timeLimit(.minutes(2)), .serialized) struct AccessTests {
    /// A gateway that listens on TCP beside its socket, and a connection over TCP.
    private func start(_ flags: [String] = []) async throws -> (fleet: RunningFleet, tcp: StageConnection) {
        let fleet = try await RunningFleet.start("text,diffusion", in: try Scratch(), ["--listen", "127.0.0.1:0"] + flags)
        return (fleet, try StageConnection(to: Address(parsing: fleet.announced)))
    }

    private static let request = GenerateImageRequest(prompt: "a cat", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 1))

    @Test("over TCP whoever connects generates images; every method that operates is refused there, and works on the socket")
    func operators() async throws {
        let (fleet, tcp) = try await start()
        let image = try await GatewayClient(tcp).generate(Self.request)
        #expect(try await fleet.gateway.generate(Self.request).image == image.image)
        #expect(try await HealthClient(tcp).check() == .serving)
        #expect(try await StageClient(tcp).describe().kind == "gateway")

        let operations = OperationsClient(tcp)
        let refused: [@Sendable () async throws -> Void] = [
            { _ = try await GatewayClient(tcp).status() }, { _ = try await JobsClient(tcp).list() },
            { _ = try await StageClient(tcp).drain(DrainRequest()) },
            { try await operations.scale(ScaleRequest(kind: "text", replicas: 2)) { _ in } },
            { try await operations.drain(DrainStageRequest(stage: "text-0", force: true)) { _ in } },
            { try await operations.swap(SwapRequest(kind: "text", model: Binaries.model)) { _ in } },
        ]
        for call in refused {
            let refusal = await #expect(throws: CallError.self) { try await call() }
            #expect(refusal?.status == .permissionDenied && refusal?.message.hasSuffix("or start the server with --admin") == true)
        }
        #expect(try await fleet.gateway.status().stages.count == 2)
        try await fleet.scale([.text], to: 2)
        #expect(try await fleet.gateway.status().stages.count == 3)
        await tcp.close()
        await fleet.stop()
    }

    @Test("over TCP a job is there for whoever left it, and for whoever knows the long id that the gateway made")
    func jobs() async throws {
        let (fleet, tcp) = try await start()
        let local = JobsClient(fleet.connection), remote = JobsClient(tcp)
        _ = try await local.submit(SubmitJobRequest(id: "alice-1", request: Self.request))
        let refused: [@Sendable () async throws -> Void] = [
            { _ = try await remote.get("alice-1") }, { _ = try await remote.fetch("alice-1") }, { _ = try await remote.cancel("alice-1") },
            { try await remote.watch("alice-1") { _ in } }, { _ = try await remote.get("nobody-1") },
        ]
        for call in refused {
            let refusal = await #expect(throws: CallError.self) { try await call() }
            #expect(refusal?.status == .notFound && refusal?.message.hasSuffix("of this caller") == true)
        }
        for id in ["", "bob-1"] {
            let job = try await remote.submit(SubmitJobRequest(id: id, request: Self.request))
            #expect(job.id == id || job.id.count == 32)
            try await remote.watch(job.id) { _ in }
            #expect(try await !remote.fetch(job.id).image.isEmpty)
        }
        #expect(try await local.list().jobs.count == 3)
        await tcp.close()
        await fleet.stop()
    }

    @Test("with --admin callers over TCP are operators, and the log warns of it")
    func admin() async throws {
        let (fleet, tcp) = try await start(["--admin"])
        _ = try await fleet.program.error { $0.contains("warning") && $0.contains("--admin") }
        #expect(try await GatewayClient(tcp).status().stages.count == 2)
        await tcp.close()
        await fleet.stop()
    }

    @Test("names that callers make up stand in the log in one line, with nothing that acts on a terminal")
    func hostileNames() async throws {
        let fleet = try await RunningFleet.start("text")
        let name = "x\n2026-01-01T00:00:00+0000 critical glm-gateway: forged\u{1B}]0;owned\u{7}\u{9B}2J"
        await #expect(throws: CallError.self) {
            try await OperationsClient(fleet.connection).drain(DrainStageRequest(stage: name)) { _ in }
        }
        let line = try await fleet.program.error { $0.contains("forged") }
        #expect(line.contains("operation=drain x\\n2026") && line.contains("\\u{1B}]0;owned\\u{7}\\u{9B}2J"))
        #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) })
        await fleet.stop()
    }
}
