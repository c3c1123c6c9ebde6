import ArgumentParser
import Domain
import Foundation
import ServerKit
import Wire

/// A text stage without a model: every request begins, then does what the script says.
struct ScriptedStage: TextHandler {
    enum Step: Sendable {
        /// Sends one token.
        case token
        /// Sends tokens until the caller is gone.
        case forever
        /// Sends nothing until `release` ends or the token is cancelled.
        case hold
    }

    let gate: WorkGate
    let script: [Step]
    let release: AsyncStream<Void>
    /// One element for every request that begins, and the error of every request that fails.
    let began: AsyncStream<Void>.Continuation
    let failed: AsyncStream<CallError>.Continuation

    func answer(_ request: AnswerRequest, _ call: ServerCall, send: @escaping Send<AnswerTokensEvent>) async throws { throw ScriptedError() }

    func generate(_ request: TokenRequest, _ call: ServerCall, send: @escaping Send<GenerateTokensEvent>) async throws {
        guard request.prompt != "bad" else { throw ScriptedError() }
        try await gate.work(call) { token in
            began.yield()
            do {
                for step in script {
                    switch step {
                    case .token:
                        try await send(.tokens(Tokens(first: 0, ids: [1])))
                    case .forever:
                        while true {
                            try token.checkCancellation()
                            try await send(.tokens(Tokens(first: 0, ids: [1])))
                        }
                    case .hold:
                        let holding = Task { for await _ in release {} }
                        let watching = Task {
                            while !token.isCancelled, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
                            holding.cancel()
                        }
                        await holding.value
                        watching.cancel()
                        try token.checkCancellation()
                    }
                }
            } catch let error as CallError {
                failed.yield(error)
                throw error
            }
            try await send(.result(GeneratedTokens(preview: nil, target: CodeGrid(GridSize(height: 1, width: 1), codes: [1]))))
        }
    }
}

/// An error of the stage's own library.
struct ScriptedError: Error {}

/// A running server with a scripted stage, and a connection to it.
struct Fixture: Sendable {
    let server: StageServer
    let connection: StageConnection
    /// Ends the model's loading.
    let loaded: AsyncStream<Void>.Continuation
    /// Ends `hold`.
    let release: AsyncStream<Void>.Continuation
    let began: AsyncStream<Void>
    let failed: AsyncStream<CallError>
    let served: Task<Void, any Error>
    let folder: String

    static let request = request("p")

    static func request(_ prompt: String) -> TokenRequest {
        try! TokenRequest(prompt: prompt, parameters: ImageParameters(ImageOptions(height: 32, width: 32, seed: 0)))
    }

    /// Starts a server, on a socket of its own unless told where to listen; with `loads` it takes work when this returns.
    static func start(
        _ script: [ScriptedStage.Step], queue: Int = 1, drainDeadline: Double = 30, listen: String? = nil, door: Address? = nil, keys: String? = nil,
        key: String? = nil,
        flags: [String] = [], connectionAge: ConnectionAge = .unlimited, manager: ServiceManager? = nil, loads: Bool = true
    ) async throws -> Fixture {
        let folder = makeTemporaryFolder()
        let options = try ServerOptions.parse(
            ["--run-directory", folder, "--queue", "\(queue)", "--drain-deadline", "\(drainDeadline)", "--log-level", "critical"]
                + (listen.map { ["--listen", $0] } ?? []) + flags)
        let server = try StageServer(
            kind: "text", options: options, door: door, keys: keys, connectionAge: connectionAge, manager: manager
        ) {
            $0 is ScriptedError ? CallError(.failedPrecondition, "scripted") : nil
        }
        let (loading, loaded) = AsyncStream<Void>.makeStream()
        let (holding, release) = AsyncStream<Void>.makeStream()
        let (began, begins) = AsyncStream<Void>.makeStream()
        let (failed, fails) = AsyncStream<CallError>.makeStream()
        let stage = ScriptedStage(gate: server.gate, script: script, release: holding, began: begins, failed: fails)
        let served = Task {
            try await server.run([.text(stage)]) {
                for await _ in loading {}
                return StageModel(name: "scripted", fingerprint: "00", device: "cpu")
            }
        }
        let fixture = Fixture(
            server: server, connection: try StageConnection(to: server.address, key: key), loaded: loaded, release: release, began: began,
            failed: failed,
            served: served, folder: folder)
        if loads {
            loaded.finish()
            try await fixture.waitUntil(.serving)
        }
        return fixture
    }

    var text: TextClient { TextClient(connection) }
    var health: HealthClient { HealthClient(connection) }

    /// Watches the health service until it says so.
    func waitUntil(_ status: HealthCheckResponse.ServingStatus) async throws {
        struct Reached: Error {}
        do {
            try await health.watch(CallSettings(waitForReady: true)) { if $0 == status { throw Reached() } }
        } catch is Reached {}
    }

    /// The next request has begun to compute.
    func waitUntilBegun() async { for await _ in began { return } }

    func stop() async throws {
        server.beginDrain()
        release.finish()
        try await served.value
        await connection.close()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
