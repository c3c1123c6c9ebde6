import Processes
import ArgumentParser
import Foundation
import Gateway
import Imaging
import Domain
import ServerKit
import Synchronization
import Wire

/// A stage whose answers are written here.
struct ScriptedStage: Sendable {
    var kind: StageKind
    /// The model that it claims to serve, and the fingerprint of what it reads of it.
    var name = "m"
    var model = "aa"
    var slots = 1
    var numerics = Numerics()

    static let text = ScriptedStage(kind: .text)
    static let diffusion = ScriptedStage(kind: .diffusion)
    static let vision = ScriptedStage(kind: .vision)
}

/// What a text stage does between its layout and its tokens; what it throws is its answer.
typealias TextScript = @Sendable (_ request: TokenRequest, _ scene: Scene) async throws -> Void

/// What a script has at hand.
struct Scene: Sendable {
    /// Of the stage: `text-0`.
    let stage: String
    let requestID: String
    let token: WorkToken
    let log: Log

    /// Computes without end: ends as stages do, who look at the token in every step, by throwing.
    func computeUntilCancelled() async throws {
        while true {
            try token.checkCancellation()
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// Scripted stages and a gateway before them, all in this process, over real sockets.
final class ScriptedFleet: Sendable {
    let folder: String
    let gateway: GatewayClient
    /// What the scripted stages have seen; the smallest request, by which they prove themselves, is not told.
    let log = Log()
    private let connection: StageConnection
    private let front: GatewayProcess
    private let stages: [String: (server: StageServer, running: Task<Void, any Error>)]
    private let running: Task<Void, any Error>

    /// - Parameters:
    ///   - stages: several of a kind are its replicas: `text-0`, `text-1`.
    ///   - limit: requests in the gateway at most.
    ///   - text: what text stages do with every request but the smallest.
    static func start(
        _ stages: [ScriptedStage], limit: Int = 64, timing: FleetTiming = FleetTiming(), text: @escaping TextScript = { _, _ in }
    ) async throws -> ScriptedFleet {
        let fleet = try ScriptedFleet(PrivateFolder.make(), stages, limit, timing, text)
        try await fleet.status { $0.stages.count { $0.health == .serving } == stages.count }
        return fleet
    }

    private init(_ folder: String, _ scripted: [ScriptedStage], _ limit: Int, _ timing: FleetTiming, _ text: @escaping TextScript) throws {
        let log = log
        self.folder = folder
        func options(_ more: [String]) throws -> ServerOptions {
            try ServerOptions.parse(["--run-directory", folder, "--log-level", "critical", "--queue", "0"] + more)
        }
        var stages: [String: (server: StageServer, running: Task<Void, any Error>)] = [:]
        for stage in scripted {
            let instance = "\(stages.keys.count { $0.hasPrefix(stage.kind.rawValue) })"
            let name = "\(stage.kind.rawValue)-\(instance)"
            let server = try StageServer(kind: stage.kind.rawValue, options: options(["--instance", instance]), capacity: stage.slots)
            let service: Service =
                switch stage.kind {
                case .vision: .vision(ScriptedVision(gate: server.gate, log: log))
                case .text: .text(ScriptedText(name: name, gate: server.gate, log: log, script: text))
                case .diffusion: .diffusion(ScriptedDiffusion(gate: server.gate, log: log))
                }
            let running = Task {
                try await server.run([service]) {
                    StageModel(name: stage.name, fingerprint: stage.model, numerics: stage.numerics, defaultSide: 64)
                }
            }
            stages[name] = (server, running)
        }
        self.stages = stages

        let address = Address.unix(path: folder + "/gateway.sock")
        front = try GatewayProcess(
            GatewayConfiguration(
                server: options(["--listen", "\(address)"]), plan: FleetPlan(stages: [], queue: limit),
                place: { _ in throw CallError(.failedPrecondition, "scripted stages have no place") }, timing: timing, isPrivate: true))
        connection = try StageConnection(to: address)
        gateway = GatewayClient(connection)
        running = Task { [front] in try await front.run() }
    }

    /// Ends a stage as a crash does: its connections close in the middle of whatever it computes, and nothing answers there.
    func crash(_ stage: String) async {
        guard let (_, running) = stages[stage] else { preconditionFailure("no stage \(stage)") }
        running.cancel()
        _ = await running.result
    }

    /// Returns as soon as `holds` is true of what the gateway tells of its fleet.
    @discardableResult
    func status(_ holds: (FleetStatus) -> Bool) async throws -> FleetStatus {
        while true {
            let status = try await gateway.status(CallSettings(timeout: .seconds(10), waitForReady: true))
            if holds(status) { return status }
            await Task.yield()
        }
    }

    /// Drains all of it; the sockets are gone afterwards.
    func stop() async throws {
        for (server, _) in stages.values { server.beginDrain(deadline: .zero) }
        front.server.beginDrain(deadline: .zero)
        try await running.value
        for (_, running) in stages.values { _ = await running.result }
        PrivateFolder.remove(folder)
    }

    /// The bytes of the picture that scripted stages draw.
    /// - Parameters:
    ///   - sources: bytes of each source picture.
    ///   - codes: of the picture: one for each 32 × 32 pixels.
    static func picture(seed: UInt8, sources: [Int] = [], codes: Int = 4) -> [UInt8] {
        sources.map { UInt8(truncatingIfNeeded: $0) } + (0..<codes).map { seed &+ UInt8($0) } + [seed]
    }
}

/// Events, awaited by name.
final class Log: Sendable {
    private struct State {
        var events: [String] = []
        var waiting: [(event: String, count: Int, seen: Promise<Void>)] = []
    }

    private let state = Mutex(State())

    /// All so far.
    var events: [String] { state.withLock { $0.events } }

    func add(_ event: String) {
        state.withLock { state in
            state.events.append(event)
            for waiting in state.waiting where state.events.count(where: { $0 == waiting.event }) >= waiting.count { waiting.seen.fulfil(()) }
        }
    }

    /// Returns when there have been so many events of this name.
    func wait(for event: String, count: Int = 1) async {
        let seen = state.withLock { state -> Promise<Void>? in
            guard state.events.count(where: { $0 == event }) < count else { return nil }
            let seen = Promise<Void>()
            state.waiting.append((event, count, seen))
            return seen
        }
        _ = await seen?.value
    }
}

/// The smallest request: what a gateway has a stage prove itself by.
private let smallest = 32

struct ScriptedVision: VisionHandler {
    let gate: WorkGate
    let log: Log

    /// One code: how many bytes the picture has.
    func encode(_ request: EncodeRequest, _ call: ServerCall) async throws -> EncodeResponse {
        try await gate.work(call) { _ in
            let header = try? ImageHeader(request.image)
            if header?.height != smallest { log.add("vision \(call.requestID)") }
            return EncodeResponse(grid: CodeGrid(GridSize(height: 1, width: 1), codes: [Int32(request.image.count)]))
        }
    }
}

struct ScriptedText: TextHandler {
    let name: String
    let gate: WorkGate
    let log: Log
    let script: TextScript

    /// Codes that count up from the seed, told in two batches of tokens; the script runs between them.
    func generate(_ request: TokenRequest, _ call: ServerCall, send: @escaping Send<GenerateTokensEvent>) async throws {
        try await gate.work(call) { token in
            let grid = request.parameters.grid
            let codes = (0..<grid.count).map { Int32(request.parameters.seed) + Int32($0) }
            try await send(.layout(TokenLayout(preview: nil, target: grid, promptTokens: 1, totalTokens: codes.count)))
            try await send(.tokens(Tokens(first: 0, ids: Array(codes.prefix(1)))))
            if request.parameters.height > smallest {
                log.add("text \(call.requestID)")
                log.add("\(name) computes")
                do {
                    try await script(request, Scene(stage: name, requestID: call.requestID, token: token, log: log))
                } catch {
                    log.add("\(name) stopped")
                    throw error
                }
                try await send(.tokens(Tokens(first: 1, ids: Array(codes.dropFirst()))))
            }
            let target = CodeGrid(grid, codes: codes)
            try await send(.result(GeneratedTokens(preview: nil, target: target, timings: [Timing(phase: "decode", seconds: 0.5)])))
        }
    }
}

struct ScriptedDiffusion: DiffusionHandler {
    let gate: WorkGate
    let log: Log

    /// Bytes that tell what the picture was made of; of the smallest request a PNG, for that is looked at.
    func render(_ request: RenderRequest, _ call: ServerCall, send: @escaping Send<RenderEvent>) async throws {
        try await gate.work(call) { _ in
            for step in 1...request.parameters.steps { try await send(.step(RenderStep(step: step, steps: request.parameters.steps))) }
            var bytes = (request.sources.flatMap(\.codes.codes) + request.target.codes).map { UInt8(truncatingIfNeeded: $0) }
            bytes.append(UInt8(truncatingIfNeeded: request.parameters.seed))
            if request.parameters.height > smallest {
                log.add("diffusion \(call.requestID)")
            } else {
                let gray = Array(repeating: UInt8(127), count: request.parameters.height * request.parameters.width * 3)
                bytes = try RGBImage(width: request.parameters.width, height: request.parameters.height, pixels: gray).png()
            }
            try await send(
                .result(
                    RenderedImage(image: bytes, format: request.parameters.format, height: request.parameters.height, width: request.parameters.width)
                ))
        }
    }
}
