import Dispatch
public import Domain
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Keys
public import Logging
import ServiceLifecycle
import Synchronization
public import TLS
public import Wire

/// A server of the fleet: its socket, its health, its end. What it computes is told by the services it is given.
///
///     let server = try StageServer(kind: "text", options: options)
///     try await server.runAlone([.text(harness)]) { try await service.load() }
public final class StageServer: Sendable {
    public let kind: String
    public let logger: Logger
    /// Every call that computes goes through it.
    public let gate: WorkGate
    /// Where callers find it: what was asked for, with the port that the system chose for port 0.
    public let address: Address
    public let access: AccessRule
    /// What this process shows at both ends of connections; nil: its own ports are not encrypted.
    public let certificates: CertificateFiles?
    /// What requests found of the work of earlier ones, and the like; told by Describe.
    public let work = WorkCounter()
    /// What its health service answers; an owner that is not fit for work says so here.
    public let health = HealthSwitch()
    private let startNumber = UInt64.random(in: 1 ... .max)
    private let options: ServerOptions
    private let limits: StageLimits
    private let status: @Sendable (any Error) -> CallError?
    private let sockets: [ListeningSocket]
    private let connections: OpenConnections
    private let tls: ServerTLS?
    private let age: ConnectionAge
    private let heartbeat: Heartbeat
    private let manager: ServiceManager
    private let drainDeadline: Duration
    private let model = Mutex(StageModel())
    /// Bytes of the largest request that any service takes; 0 before they are known.
    private let requestLimit = Atomic(0)
    private let aborted = Atomic(false)
    private let events: AsyncStream<Drain.Event>
    private let post: AsyncStream<Drain.Event>.Continuation

    /// Binds the addresses, so that a second process of the same name fails before it loads anything.
    /// - Parameters:
    ///   - door: the Unix socket for operators, where `options` name a TCP address; nil: none.
    ///   - keys: path of the key file; nil: no keys are asked for.
    ///   - certificateIsEnough: a client that has shown a certificate of `--tls-client-ca` is an operator.
    ///   - capacity: requests computed at the same time.
    ///   - connectionAge: of connections over TCP.
    ///   - drainDeadline: for work in flight, where the options name none.
    ///   - manager: who started the process; nil: as its environment says.
    ///   - limits: told by Describe; queue and message size are filled in.
    ///   - status: what the server's own libraries throw, as a status; nil for errors it does not know.
    public init(
        kind: String, options: ServerOptions, door: Address? = nil, keys: String? = nil, certificateIsEnough: Bool = true, capacity: Int = 1,
        limits: StageLimits = StageLimits(), connectionAge: ConnectionAge = .unlimited, drainDeadline: Duration = DrainDeadline.least,
        manager: ServiceManager? = nil,
        status: @escaping @Sendable (any Error) -> CallError? = { _ in nil }
    ) throws {
        WireProtocol.keepMemory()
        self.kind = kind
        self.options = options
        self.limits = limits
        self.status = status
        var logger = Logger(label: "glm-\(kind)") { options.logFormat.handler(label: $0) }
        logger.logLevel = options.logLevel
        logger[metadataKey: "instance"] = "\(options.instance)"
        self.logger = logger
        connections = OpenConnections(descriptors: DescriptorLimit.raise(), logger: logger)
        gate = WorkGate(capacity: capacity, queueCapacity: options.queue ?? 8)
        access = AccessRule(
            admin: options.admin, keys: try keys.map { [logger] in try KeyFile($0, logger: logger) }, certificateIsEnough: certificateIsEnough)
        certificates = try options.tls.certificates(logger)
        tls = try Self.tls(certificates, options, ["h2"])
        let manager = try manager ?? ServiceManager.ofThisProcess.get()
        let main = try ListeningSocket(options.address(kind: kind), inherited: manager.sockets)
        address = if tls != nil, case .tcp(let host, let port) = main.address { .tls(host: host, port: port) } else { main.address }
        sockets = try [main] + (door.map { [try ListeningSocket($0, inherited: manager.sockets)] } ?? [])
        age = connectionAge
        self.drainDeadline = options.drainDeadline.map { .seconds($0) } ?? drainDeadline
        self.manager = manager
        heartbeat = Heartbeat(manager)
        (events, post) = AsyncStream.makeStream()
    }

    /// What encrypts this process's ports; nil: nothing does.
    /// - Parameter protocols: names for ALPN, the preferred one first.
    public func makeTLS(_ protocols: [String]) throws(TLSError) -> ServerTLS? { try Self.tls(certificates, options, protocols) }

    private static func tls(_ certificates: CertificateFiles?, _ options: ServerOptions, _ protocols: [String]) throws(TLSError) -> ServerTLS? {
        guard let certificates else { return nil }
        return try ServerTLS(certificates, clientAuthorities: options.tls.tlsClientCA, protocols: protocols)
    }

    /// The whole life of a process that only serves: until it is told to end by a signal or a call, and its work is done.
    public func runAlone(_ services: [Wire.Service], load: @escaping @Sendable () async throws -> StageModel) async throws {
        try await ProcessGroup(server: self) { try await self.run(services, load: load) }.run()
    }

    /// Serves until it is told to end, by ``beginDrain(deadline:)`` or the end of its service group, and its work is done; then
    /// the socket's file is gone.
    ///
    /// - Parameters:
    ///   - services: beside them health, reflection and Stage are served.
    ///   - load: gets the process ready while it already answers Describe and health (NOT_SERVING); what it throws ends the process.
    ///     Afterwards `ready <address>` is printed on standard output.
    ///   - problems: why the process is not ready although it runs, the most important first; asked for again and again where a service
    ///     manager listens, which takes a process for hanging that does not answer.
    ///   - onDrain: called when the process begins to end.
    public func run(
        _ services: [Wire.Service], problems: @escaping @Sendable () async -> [String] = { [] }, onDrain: @escaping @Sendable () -> Void = {},
        load: @escaping @Sendable () async throws -> StageModel
    ) async throws {
        defer { for socket in sockets { socket.remove() } }
        try manager.sockets.checkAllTaken()
        let beating = Task { await heartbeat.run { [self] in (gate.phase, description().headline(problems: await problems())) } }
        defer { beating.cancel() }
        let reading = Task { await certificates?.run() }
        defer { reading.cancel() }
        work.listen { [logger] in logger.warning("device", metadata: ["is": "\($0)"]) }
        if options.exitWithParent { ParentWatch.onParentGone { [post] in post.yield(.parentGone) } }

        let requestLimit = services.map(\.requestLimit).max() ?? 0
        self.requestLimit.store(requestLimit, ordering: .relaxed)
        let named = services + [.stage(StageControl(server: self))]
        let board = HealthBoard(services: named.map(\.name))
        health.connect(board)
        let standard = Wire.Service.reflection(listing: named.map(\.name) + [Methods.Health.service, Methods.Reflection.services[0]])
        let all = named + [.health(board)] + standard
        let rules = RequestRules(services: all, logger: logger)
        let transport = JointTransport(
            sockets: sockets.map { socket in
                let (tls, age): (ServerTLS?, ConnectionAge) = if case .tcp = socket.address { (self.tls, self.age) } else { (nil, .unlimited) }
                return Listener(descriptor: socket.descriptor, connections: connections, tls: tls, age: age)
                    .transport(rules, requestLimit: requestLimit)
            })
        let server = GRPCServer(
            transport: transport, services: all, interceptors: [CallInterceptor(status: status, access: access, gate: gate, logger: logger)])

        // Three ends: the transport's, the drain's, or a model that can't be loaded.
        let (ends, end) = AsyncThrowingStream<Never, any Error>.makeStream()
        let serving = Task {
            do {
                try await server.serve()
                let isAsked = gate.phase == .draining
                end.finish(throwing: isAsked ? nil : ServerKitError(.socket, "\(address) was lost: the server stopped listening"))
            } catch {
                end.finish(throwing: error)
            }
        }
        let draining = Task { await drain(server, onDrain: onDrain) { end.finish() } }
        defer { draining.cancel() }
        start(load, listening: { await transport.listening() }) { end.finish(throwing: $0) }
        // A failure leaves the transport to the end of the process.
        try await withGracefulShutdownHandler {
            for try await _ in ends {}
        } onGracefulShutdown: {
            self.beginDrain()
        }
        if !isAborted { connections.closeAll() }
        server.beginGracefulShutdown()
        // Not for longer: what computes would hold the process.
        await wait(for: serving, atMost: isAborted ? Self.abortGrace : Self.streamGrace)
    }

    /// What streams that nobody computes for, such as reflection, get to end with their caller; then they are cut off.
    private static let streamGrace = Duration.seconds(2)
    /// What cancelled calls get to tell their callers, when the process is to end at once.
    private static let abortGrace = Duration.milliseconds(200)

    /// Loads beside everything else: what computes can't be cancelled, and must not hold up the end of the process.
    private func start(
        _ load: @escaping @Sendable () async throws -> StageModel, listening: @escaping @Sendable () async -> Void,
        failed: @escaping @Sendable (any Error) -> Void
    ) {
        Task { [self] in
            do {
                let loaded = try await load()
                model.withLock { $0 = loaded }
                // Whoever reads `ready` may connect.
                await listening()
                if gate.open() {
                    health.takesWork = true
                    announce()
                }
            } catch {
                failed(error)
            }
        }
    }

    /// Begins to end, as SIGTERM does. Nil: the process's own deadline.
    public func beginDrain(deadline: Duration? = nil) { post.yield(.asked(deadline: deadline)) }

    /// A signal asks the process to end; a second one, to end at once.
    func hearSignal() { post.yield(.signalled) }

    /// The process was asked a second time: nothing is waited for any more.
    public var isAborted: Bool { aborted.load(ordering: .relaxed) }

    /// The descriptor of a socket that the service manager holds open at the address, once; nil: there is none.
    public func inherited(_ address: Address) -> Int32? { manager.sockets.take(address) }

    /// What this process is, as Describe answers.
    public func description() -> StageDescription {
        let model = model.withLock { $0 }
        var limits = limits
        limits.queueCapacity = gate.queueCapacity
        limits.maxRequestBytes = requestLimit.load(ordering: .relaxed)
        let load = gate.load
        return StageDescription(
            kind: kind, instance: options.instance, device: model.device, modelName: model.name, modelFingerprint: model.fingerprint,
            build: Build.version, protocolVersion: WireProtocol.version, limits: limits, state: gate.phase, running: load.running,
            queued: load.queued, processID: Int(getpid()),
            defaultSide: model.defaultSide, slots: gate.capacity, memoryBytes: ResidentMemory.bytes(), cacheHits: work.hits,
            cacheMisses: work.misses, numerics: model.numerics, pipeline: model.pipeline, imageRule: model.imageRule,
            contextTokens: model.contextTokens, cachedTokens: work.cachedTokens, preempted: work.preempted,
            decoderPasses: work.passes, decodedTokens: work.decodedTokens, bitDifferences: model.bitDifferences, progress: gate.progress.value,
            startNumber: startNumber)
    }

    private func announce() {
        for note in model.withLock(\.notes) { logger.info("device", metadata: ["is": "\(note)"]) }
        logger.info(
            "ready",
            metadata: ["address": "\(address)", "model": "\(model.withLock(\.name))", "drain_deadline_ms": "\(drainDeadline.milliseconds)"])
        if case .unix = address {
        } else if access.admin {
            logger.warning(
                "--admin: whoever can connect may do what operators do, without a key", metadata: ["address": "\(address)"])
        }
        try? StandardStream.output.write("ready \(address)\n")
        heartbeat.hasten()
    }

    /// Decides how the process ends; `end` is called when it is time to.
    private func drain<Transport: ServerTransport>(
        _ server: GRPCServer<Transport>, onDrain: @Sendable () -> Void, end: @escaping @Sendable () -> Void
    ) async {
        var drain = Drain(deadline: drainDeadline)
        for await event in events {
            switch drain.handle(event) {
            case .none:
                break
            case .refuseWork(let deadline):
                health.takesWork = false
                let inFlight = gate.close { [post] in post.yield(.idle) }
                logger.info("draining", metadata: ["in_flight": "\(inFlight)", "deadline_ms": "\(deadline.milliseconds)"])
                after(deadline, .deadlinePassed)
                heartbeat.hasten()
                onDrain()
            case .cancelWork(let grace):
                gate.cancelAll()
                after(grace, .gracePassed)
            case .hasten(let deadline):
                after(deadline, .deadlinePassed)
            case .stop:
                // Not before: it fires the cancellation of every call under way, as if its caller had left.
                server.beginGracefulShutdown()
                Task {
                    try? await Task.sleep(for: Self.streamGrace)
                    end()
                }
            case .abort:
                logger.warning("ending at once: asked a second time")
                aborted.store(true, ordering: .relaxed)
                gate.cancelAll()
                server.beginGracefulShutdown()
                end()
            }
        }
    }

    private func after(_ delay: Duration, _ event: Drain.Event) {
        Task { [post] in
            try? await Task.sleep(for: delay)
            post.yield(event)
        }
    }
}

/// What a process has loaded.
public struct StageModel: Sendable, Hashable {
    /// What requests and operators call it.
    public var name: String
    /// Hexadecimal.
    public var fingerprint: String
    /// `cpu`, `npu:3`, `npu:2,npu:3`: as the machine counts them, the main device first.
    public var device: String
    /// How the devices compute.
    public var numerics: Numerics
    /// Side of the square picture that the checkpoint draws best, pixels; 0 where the process does not draw.
    public var defaultSide: Int
    /// What requests may ask of it: "image" or "answer"; empty for a process that loads nothing.
    public var pipeline: String
    /// How the images of questions are resized; nil where the process reads none.
    public var imageRule: ImageSizeRule?
    /// Tokens of prompt and answer together at most; 0 where the process answers no questions.
    public var contextTokens: Int
    /// What the device is, a line each, for the log.
    public var notes: [String]
    /// Rows whose bits were found to depend on how they are computed, a sentence each.
    public var bitDifferences: [String]

    /// Without arguments: of the gateway, which loads nothing.
    public init(
        name: String = "", fingerprint: String = "", device: String = "", numerics: Numerics = Numerics(), defaultSide: Int = 0,
        pipeline: String = "", imageRule: ImageSizeRule? = nil, contextTokens: Int = 0, notes: [String] = [],
        bitDifferences: [String] = []
    ) {
        self.name = name
        self.fingerprint = fingerprint
        self.device = device
        self.numerics = numerics
        self.defaultSide = defaultSide
        self.pipeline = pipeline
        self.imageRule = imageRule
        self.contextTokens = contextTokens
        self.notes = notes
        self.bitDifferences = bitDifferences
    }
}

/// Answers for the process itself.
private struct StageControl: StageHandler {
    let server: StageServer

    func describe(_ request: DescribeRequest, _ call: ServerCall) async throws -> StageDescription {
        server.description()
    }

    func watchLoad(_ request: WatchLoadRequest, _ call: ServerCall, send: @escaping Send<StageLoad>) async throws {
        try await endingWithCall { try await server.gate.tellLoad(send) }
    }

    func drain(_ request: DrainRequest, _ call: ServerCall) async throws -> DrainResponse {
        guard request.deadlineSeconds >= 0, request.deadlineSeconds <= 86400 else {
            throw CallError(.invalidArgument, "deadline_seconds is \(request.deadlineSeconds); 0 to 86400")
        }
        server.beginDrain(deadline: request.deadlineSeconds > 0 ? .seconds(request.deadlineSeconds) : nil)
        let load = server.gate.load
        return DrainResponse(inFlight: load.running + load.queued)
    }
}
