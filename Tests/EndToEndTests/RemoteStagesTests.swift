import Domain
import Foundation
import Processes
import Testing
import Wire

/// A gateway and stages that it doesn't start, over TCP.
@Suite(.timeLimit(.minutes(2)), .serialized) struct RemoteStagesTests {
    private let scratch: Scratch
    private let ports = (0..<3).map { Int.random(in: 20_000...22_000) + 2_001 * $0 }

    init() throws { scratch = try Scratch() }

    private func stage(_ kind: String, port: Int) throws -> Program {
        try Program(
            "glm-\(kind)",
            [
                "--run-directory", scratch.file("\(port)"), "--model", Binaries.model, "--threads", "1", "--listen", "127.0.0.1:\(port)", "--admin",
                "--exit-with-parent",
            ], in: scratch)
    }

    private func gateway(_ flags: [String]) async throws -> (program: Program, connection: StageConnection) {
        let program = try Program("glm-gateway", ["--run-directory", scratch.file("run")] + flags, in: scratch)
        _ = try await program.output { $0.hasPrefix("ready ") }
        return (program, try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock")))
    }

    /// Returns as soon as a gateway's health is this.
    private func wait(for wanted: HealthCheckResponse.ServingStatus, at connection: StageConnection) async throws {
        struct Reached: Error {}
        do { try await HealthClient(connection).watch { if $0 == wanted { throw Reached() } } } catch is Reached {}
    }

    @Test("a gateway is ready while each kind that it expects serves, found by name or address; a later one expects what its stages were")
    func readiness() async throws {
        let flags = ["--http", "127.0.0.1:\(ports[2])", "--stage", "dns:localhost:\(ports[0])", "--stage", "127.0.0.1:\(ports[1])"]
        let url = "http://127.0.0.1:\(ports[2])/health/ready"
        let text = try stage("text", port: ports[0])
        _ = try await text.output { $0.hasPrefix("ready ") }
        var (program, connection) = try await gateway(flags + ["--expect", "text,diffusion"])
        #expect(try await HealthClient(connection).check() == .notServing)
        let waiting = try await get(url)
        #expect(waiting.status == 503 && waiting.text.contains("no diffusion stage") != waiting.text.contains("no text stage"), "\(waiting.text)")

        let diffusion = try stage("diffusion", port: ports[1])
        try await wait(for: .serving, at: connection)
        #expect(try await get(url).status == 200)
        let request = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 1))
        #expect(try await !GatewayClient(connection).generate(request).image.isEmpty)
        _ = await diffusion.child.stop(grace: .seconds(10))
        try await wait(for: .notServing, at: connection)
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(10)) == .code(0))

        (program, connection) = try await gateway(flags)
        #expect(try await HealthClient(connection).check() == .notServing)
        let lacking = try await get(url)
        #expect(lacking.status == 503 && lacking.text.contains("no diffusion stage") != lacking.text.contains("no text stage"), "\(lacking.text)")
        await connection.close()
        for program in [program, text] { _ = await program.child.stop(grace: .seconds(10)) }
    }

    @Test("stages that call themselves alike are told apart; what means several is not drained, an address is")
    func names() async throws {
        let stages = try ports[0...1].map { try stage("text", port: $0) }
        let addresses = ports[0...1].map { "127.0.0.1:\($0)" }
        let (program, connection) = try await gateway(["--exit-with-parent"] + addresses.flatMap { ["--stage", $0] })
        let client = GatewayClient(connection)
        while try await client.status().stages.count(where: { $0.health == .serving }) < 2 { try await Task.sleep(for: .milliseconds(5)) }
        let names = try await client.status().stages.compactMap(\.description).map { "\($0.kind)-\($0.instance)" }
        #expect(names.sorted() == addresses.map { "text-0@\($0)" }.sorted())

        let operations = OperationsClient(connection)
        let refusal = await #expect(throws: CallError.self) { try await operations.drain(DrainStageRequest(stage: "text-0")) { _ in } }
        #expect(refusal?.status == .invalidArgument && addresses.allSatisfy { refusal?.message.contains("text-0@\($0)") == true })
        try await operations.drain(DrainStageRequest(stage: addresses[1])) { #expect($0.stage == "text-0@\(addresses[1])") }
        #expect(await stages[1].child.exit.value == .code(0))
        await connection.close()
        for program in [program, stages[0]] { _ = await program.child.stop(grace: .seconds(10)) }
    }
}
