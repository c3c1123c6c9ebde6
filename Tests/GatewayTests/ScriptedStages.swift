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
    var pipeline = PipelineID.image
    /// Of a text stage: the grid that it generates before the image's.
    var preview: GridSize?
    /// The largest `step_cache` that it allows.
    var stepCache: Float = 0

    /// One of a model that answers questions.
    static func answering(_ kind: StageKind, name: String = "q", model: String = "cc", slots: Int = 1) -> ScriptedStage {
        ScriptedStage(kind: kind, name: name, model: model, slots: slots, pipeline: .answer)
    }

    /// What the server tells of it.
    var described: StageModel {
        guard pipeline == .answer else { return StageModel(name: name, fingerprint: model, numerics: numerics, defaultSide: 64) }
        return StageModel(
            name: name, fingerprint: model, numerics: numerics, pipeline: pipeline.rawValue,
            imageRule: kind == .vision ? ScriptedVision.rule : nil, contextTokens: kind == .text ? 1000 : 0)
    }

    static let text = ScriptedStage(kind: .text)
    static let diffusion = ScriptedStage(kind: .diffusion)
    static let vision = ScriptedStage(kind: .vision)
}

/// What a text stage does between its layout and its tokens; what it throws is its answer.
typealias TextScript = @Sendable (_ request: TokenRequest, _ scene: Scene) async throws -> Void

/// What a text stage does before it generates a token of an answer; what it throws ends the answer.
typealias AnswerScript = @Sendable (_ request: AnswerRequest, _ token: Int, _ scene: Scene) async throws -> Void

/// What a diffusion stage does before its first step; what it throws is its answer.
typealias DiffusionScript = @Sendable (_ request: RenderRequest, _ scene: Scene) async throws -> Void

/// What a script has at hand.
struct Scene: Sendable {
    /// Of the stage: `text-0`.
    let stage: String
    let requestID: String
    let token: WorkToken
    let log: Log

    /// Computes without end: ends as stages do, who look at the token in every step, by throwing.
    func computeUntilCancelled() async throws { try await compute(for: .seconds(3600)) }

    /// Computes, in steps as stages do.
    func compute(for duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while .now < end {
            try token.checkCancellation()
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Makes nothing until its caller has left.
    func hangUntilCancelled() async throws {
        while !token.isCancelled { try await Task.sleep(for: .milliseconds(5)) }
        try token.checkCancellation()
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
    ///   - queue: requests that wait in a stage at most.
    ///   - text: what text stages do with every request but the smallest.
    ///   - answer: what they do with questions.
    ///   - diffusion: what diffusion stages do with every request but the smallest.
    static func start(
        _ stages: [ScriptedStage], limit: Int = 64, queue: Int = 0, timing: FleetTiming = FleetTiming(), labels: LabelPolicy = LabelPolicy(),
        audit: AuditOptions? = nil, text: @escaping TextScript = { _, _ in }, answer: @escaping AnswerScript = { _, _, _ in },
        diffusion: @escaping DiffusionScript = { _, _ in }
    ) async throws -> ScriptedFleet {
        let fleet = try ScriptedFleet(PrivateFolder.make(), stages, limit, queue, timing, labels, audit, text, answer, diffusion)
        try await fleet.status { $0.stages.count { $0.health == .serving } == stages.count }
        return fleet
    }

    private init(
        _ folder: String, _ scripted: [ScriptedStage], _ limit: Int, _ queue: Int, _ timing: FleetTiming, _ labels: LabelPolicy,
        _ audit: AuditOptions?,
        _ text: @escaping TextScript, _ answer: @escaping AnswerScript, _ diffusion: @escaping DiffusionScript
    ) throws {
        let log = log
        self.folder = folder
        func options(_ more: [String]) throws -> ServerOptions {
            try ServerOptions.parse(["--run-directory", folder, "--log-level", "critical", "--queue", "\(queue)"] + more)
        }
        var stages: [String: (server: StageServer, running: Task<Void, any Error>)] = [:]
        for stage in scripted {
            let instance = "\(stages.keys.count { $0.hasPrefix(stage.kind.rawValue) })"
            let name = "\(stage.kind.rawValue)-\(instance)"
            let server = try StageServer(
                kind: stage.kind.rawValue, options: options(["--instance", instance]), capacity: stage.slots,
                limits: StageLimits(maxStepCache: stage.stepCache))
            let service: Service =
                switch stage.kind {
                case .vision: .vision(ScriptedVision(gate: server.gate, log: log))
                case .text: .text(ScriptedText(name: name, gate: server.gate, log: log, preview: stage.preview, script: text, answers: answer))
                case .diffusion: .diffusion(ScriptedDiffusion(name: name, gate: server.gate, log: log, script: diffusion))
                }
            let running = Task {
                try await server.run([service]) { stage.described }
            }
            stages[name] = (server, running)
        }
        self.stages = stages

        let address = Address.unix(path: folder + "/gateway.sock")
        front = try GatewayProcess(
            GatewayConfiguration(
                server: options(["--listen", "\(address)"]), plan: FleetPlan(stages: [], queue: limit),
                place: { _ in throw CallError(.failedPrecondition, "scripted stages have no place") }, timing: timing, labels: labels, audit: audit,
                isPrivate: true))
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

    /// What scripted stages draw, a byte for each pixel.
    /// - Parameters:
    ///   - sources: bytes of each source picture.
    ///   - codes: of the picture: one for each 32 × 32 pixels.
    static func picture(seed: UInt8, sources: [Int] = [], codes: Int = 4) -> [UInt8] {
        sources.map { UInt8(truncatingIfNeeded: $0) } + (0..<codes).map { seed &+ UInt8($0) } + [seed]
    }
}

extension GeneratedImage {
    /// What scripted stages drew, read from the file.
    var drawn: [UInt8] { get throws { try pixels(image) } }
}

extension PartialImage {
    /// What scripted stages drew, read from the file.
    var drawn: [UInt8] { get throws { try pixels(image) } }
}

private func pixels(_ file: [UInt8]) throws -> [UInt8] {
    let pixels = try RGBImage(decoding: file).pixels
    return stride(from: 0, to: pixels.count, by: 3).map { pixels[$0] }
}

/// What a script does on the first stage that it runs on, whichever that is, and never again.
final class Once: Sendable {
    private let first = Promise<String>()
    private let isOver = Mutex(false)

    func happens(on stage: String) -> Bool {
        let happens = isOver.withLock { isOver in
            defer { isOver = true }
            return !isOver
        }
        if happens { first.fulfil(stage) }
        return happens
    }

    /// That stage, as soon as it is known; nil when the task is cancelled before.
    var stage: String? { get async { await first.value } }
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

    static let rule = try! ImageSizeRule(cellSide: 32, frames: 1, minPixels: 1024, maxPixels: 1 << 20)

    /// Rows of one byte's value: how many bytes the picture has; one row in each chunk.
    func embed(_ request: EmbedRequest, _ call: ServerCall, send: @escaping Send<EmbedEvent>) async throws {
        try await gate.work(call) { _ in
            let header = try ImageHeader(request.image)
            if header.height != smallest { log.add("vision \(call.requestID)") }
            let size = try Self.rule.size(height: header.height, width: header.width, field: "image", within: request.maxPixels)
            try await send(.layout(EmbedLayout(grid: size.grid, columns: 1, element: .bf16)))
            for row in 0..<size.tokens {
                try await send(.rows(RowChunk(first: row, bytes: [UInt8(truncatingIfNeeded: request.image.count), 0])))
            }
            try await send(.result(EmbeddedImage(timings: [Timing(phase: "encode", seconds: 0.5)])))
        }
    }
}

struct ScriptedText: TextHandler {
    let name: String
    let gate: WorkGate
    let log: Log
    let preview: GridSize?
    let script: TextScript
    let answers: AnswerScript

    /// As many words as it may say, at most twenty, each made of the seed and its place; the script runs before each. With images it
    /// says first how many bytes they have, and points at the left half.
    func answer(_ request: AnswerRequest, _ call: ServerCall, send: @escaping Send<AnswerTokensEvent>) async throws {
        try await gate.work(call) { token in
            let words = Self.words(request)
            let usage = AnswerUsage(
                promptTokens: 8, cachedTokens: 3, imageTokens: request.pictures.reduce(0) { $0 + $1.grid.count }, completionTokens: words.count)
            try await send(.layout(AnswerLayout(promptTokens: 8, cachedTokens: 3, maxTokens: words.count)))
            try await send(.reading(PromptReading(tokens: 8)))
            let isProbe = words.count == 1
            if !isProbe { log.add("\(name) answers \(call.requestID) behind \(request.told.count)") }
            guard request.told == (0..<request.told.count).map({ Int32($0) }) else { throw CallError(.invalidArgument, "told is wrong") }
            for index in request.told.count..<words.count {
                if !isProbe { try await answers(request, index, Scene(stage: name, requestID: call.requestID, token: token, log: log)) }
                try await send(.delta(AnswerDelta(first: index, ids: [Int32(index)], reasoning: index == 0 ? "hm" : "", text: words[index])))
            }
            let boxes = request.pictures.isEmpty ? [] : [AnswerBox(coordinates: [0, 0, 500, 1000])]
            try await send(
                .result(AnswerResult(finish: .stop, usage: usage, boxes: boxes, timings: [Timing(phase: "decode", seconds: 0.5)])))
        }
    }

    static func words(_ request: AnswerRequest) -> [String] {
        let images = request.pictures.map { "[\($0.bytes.first ?? 0)]" }
        let count = min(request.parameters.options.maxTokens ?? 20, 20)
        return (images + (0..<count).map { "\(request.parameters.seed)-\($0) " }).prefix(max(count, 1)).map { $0 }
    }

    /// Codes that count up from the seed (of large ones its last digits), told in two batches of tokens; the script runs between them.
    func generate(_ request: TokenRequest, _ call: ServerCall, send: @escaping Send<GenerateTokensEvent>) async throws {
        try await gate.work(call) { token in
            let grid = request.parameters.grid
            let codes = (0..<grid.count).map { Int32(request.parameters.seed % 10_000) + Int32($0) }
            let before = preview?.count ?? 0
            try await send(.layout(TokenLayout(preview: preview, target: grid, promptTokens: 1, totalTokens: before + codes.count)))
            if before > 0 { try await send(.tokens(Tokens(first: 0, ids: Array(0..<Int32(before))))) }
            try await send(.tokens(Tokens(first: before, ids: Array(codes.prefix(1)))))
            if request.parameters.height > smallest {
                log.add("text \(call.requestID)")
                log.add("\(name) computes")
                do {
                    try await script(request, Scene(stage: name, requestID: call.requestID, token: token, log: log))
                } catch {
                    log.add("\(name) stopped")
                    throw error
                }
                try await send(.tokens(Tokens(first: before + 1, ids: Array(codes.dropFirst()))))
            }
            let target = CodeGrid(grid, codes: codes)
            try await send(.result(GeneratedTokens(preview: nil, target: target, timings: [Timing(phase: "decode", seconds: 0.5)])))
        }
    }
}

struct ScriptedDiffusion: DiffusionHandler {
    let name: String
    let gate: WorkGate
    let log: Log
    let script: DiffusionScript

    /// A row of pixels that tells what the picture was made of; of the smallest request a picture of its size, for that is looked at. A partial
    /// image behind each of the first steps, as many as are asked for, tells its step.
    func render(_ request: RenderRequest, _ call: ServerCall, send: @escaping Send<RenderEvent>) async throws {
        try await gate.work(call) { token in
            if request.parameters.height > smallest {
                try await script(request, Scene(stage: name, requestID: call.requestID, token: token, log: log))
            }
            for step in 1...request.parameters.steps {
                try await send(.step(RenderStep(step: step, steps: request.parameters.steps)))
                guard step <= request.partialImages else { continue }
                try await send(.partial(PartialRendering(image: try Self.row([UInt8(step)]).png(), height: 1, width: 1, step: step)))
            }
            var bytes = (request.sources.flatMap(\.codes.codes) + request.target.codes).map { UInt8(truncatingIfNeeded: $0) }
            bytes.append(UInt8(truncatingIfNeeded: request.parameters.seed))
            let isProbe = request.parameters.height == smallest
            if !isProbe { log.add("diffusion \(call.requestID)\(request.explicitLabel ? " with words" : "")") }
            let pixels = [UInt8](repeating: 127, count: smallest * smallest * 3)
            let image = isProbe ? RGBImage(width: smallest, height: smallest, pixels: pixels) : Self.row(bytes)
            try await send(
                .result(
                    RenderedImage(
                        image: try image.png(), format: request.parameters.format, height: request.parameters.height,
                        width: request.parameters.width, fullSteps: 1)))
        }
    }

    private static func row(_ bytes: [UInt8]) -> RGBImage { RGBImage(width: bytes.count, height: 1, pixels: bytes.flatMap { [$0, $0, $0] }) }
}
