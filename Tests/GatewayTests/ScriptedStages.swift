import ArgumentParser
import Foundation
import Gateway
import StageKit
import Wire

/// Stages whose answers are written here, and a gateway before them, all in this process, over real sockets.
final class ScriptedFleet: Sendable {
    let folder: String
    let gateway: GatewayClient
    private let connection: StageConnection
    private let servers: [StageServer]
    private let running: Task<Void, any Error>

    /// What the scripted stages have seen.
    let log = Log()

    /// - Parameters:
    ///   - stages: kinds with the model they claim to serve.
    ///   - text: instead of the text stage's plain answer.
    static func start(
        _ stages: [(kind: StageKind, model: String)],
        text: (@Sendable (GenerateTokensRequest, WorkToken, Log) async throws -> Void)? = nil
    ) async throws -> ScriptedFleet {
        let folder = try PrivateFolder.make()
        let fleet = try ScriptedFleet(folder, stages, text)
        try await fleet.waitUntilKnown(stages.count)
        return fleet
    }

    private init(
        _ folder: String, _ stages: [(kind: StageKind, model: String)], _ text: (@Sendable (GenerateTokensRequest, WorkToken, Log) async throws -> Void)?
    ) throws {
        let log = log
        self.folder = folder
        func options(_ more: [String] = []) throws -> ServerOptions {
            try ServerOptions.parse(["--run-directory", folder, "--log-level", "critical", "--queue", "0"] + more)
        }
        let parts = try stages.map { stage in
            let server = try StageServer(kind: stage.kind.rawValue, options: options())
            let service: Service =
                switch stage.kind {
                case .vision: .vision(ScriptedVision(gate: server.gate, log: log))
                case .text: .text(ScriptedText(gate: server.gate, log: log, script: text))
                case .diffusion: .diffusion(ScriptedDiffusion(gate: server.gate, log: log))
                }
            return (server: server, service: service, model: stage.model)
        }
        let address = Address.unix(path: folder + "/gateway.sock")
        let front = try StageServer(kind: "gateway", options: options(["--listen", "\(address)"]), capacity: 16)
        let fleet = Fleet(folder: RunDirectory(path: folder), logger: front.logger)
        let service = GatewayService(fleet: fleet, gate: front.gate, logger: front.logger) { front.description() }
        servers = parts.map(\.server) + [front]
        connection = try StageConnection(to: address)
        gateway = GatewayClient(connection)
        running = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in parts {
                    group.addTask { try await part.server.run([part.service]) { StageModel(name: "m", fingerprint: part.model, defaultSide: 64) } }
                }
                let following = Task { try await fleet.run() }
                defer { following.cancel() }
                group.addTask { try await front.run([.gateway(service)]) { StageModel() } }
                try await group.waitForAll()
            }
        }
    }

    /// Drains all of it; the sockets are gone afterwards.
    func stop() async throws {
        for server in servers { server.beginDrain(deadline: .zero) }
        try await running.value
        PrivateFolder.remove(folder)
    }

    /// The gateway has heard of so many stages that serve.
    private func waitUntilKnown(_ count: Int) async throws {
        while try await gateway.status(CallSettings(timeout: .seconds(10), waitForReady: true)).stages.count(where: { $0.health == .serving }) < count {
            await Task.yield()
        }
    }
}

/// Events, awaited by name.
final class Log: Sendable {
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func add(_ event: String) { continuation.yield(event) }

    /// Returns at the next event of this name.
    func wait(for event: String) async {
        for await found in stream where found == event { return }
    }
}

struct ScriptedVision: VisionHandler {
    let gate: WorkGate
    let log: Log

    func encode(_ request: EncodeRequest, _ call: ServerCall) async throws -> EncodeResponse {
        log.add("vision \(call.requestID)")
        return EncodeResponse(grid: CodeGrid(height: 1, width: 1, codes: [Int32(request.image.count)]))
    }
}

struct ScriptedText: TextHandler {
    let gate: WorkGate
    let log: Log
    let script: (@Sendable (GenerateTokensRequest, WorkToken, Log) async throws -> Void)?

    func generate(_ request: GenerateTokensRequest, _ call: ServerCall, send: @escaping Send<GenerateTokensEvent>) async throws {
        try await gate.work(call) { token in
            log.add("text \(call.requestID) \(call.timeout == nil ? "no" : "with") deadline")
            let grid = GridSize(height: request.height / 32, width: request.width / 32)
            let count = grid.height * grid.width
            try await send(.layout(TokenLayout(preview: nil, target: grid, promptTokens: 1, totalTokens: count + 1)))
            try await script?(request, token, log)
            try await send(.tokens(Tokens(first: 0, ids: Array(repeating: 1, count: count + 1))))
            let codes = CodeGrid(height: grid.height, width: grid.width, codes: Array(repeating: 1, count: count))
            try await send(.result(GeneratedTokens(preview: nil, target: codes, timings: [Timing(phase: "decode", seconds: 0.5)])))
        }
    }
}

struct ScriptedDiffusion: DiffusionHandler {
    let gate: WorkGate
    let log: Log

    func render(_ request: RenderRequest, _ call: ServerCall, send: @escaping Send<RenderEvent>) async throws {
        log.add("diffusion \(call.requestID)")
        for step in 1...request.steps { try await send(.step(RenderStep(step: step, steps: request.steps))) }
        let bytes = request.sources.flatMap { $0.codes.codes.map { UInt8(truncatingIfNeeded: $0) } } + [UInt8(truncatingIfNeeded: request.seed)]
        try await send(.result(RenderedImage(image: bytes, format: request.format, height: request.height, width: request.width)))
    }
}
