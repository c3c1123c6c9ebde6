import HTTPAPI
import HTTPServing
import Keys
import Logging
import OTLP
import Placement
import Processes
public import ServerKit
import ServiceLifecycle
import TLS
import Telemetry
import Wire

/// The whole gateway: its parts, how they are connected, and how they live and end together.
///
/// The parts are one group. One that fails ends the process with its reason, after the others have drained what they do; a
/// failing disk or a lost HTTP port does not: the gateway goes on, and ``Readiness`` says so.
public struct GatewayProcess: Sendable {
    /// The gRPC server that clients speak with.
    public let server: StageServer
    private let folder: RunDirectory
    private let plan: FleetPlan
    private let keepStages: Bool
    private let fleet: Fleet
    private let supervisor: Supervisor
    private let jobs: JobRunner?
    private let http: HTTPServer?
    private let readiness: Readiness
    /// Shown to stages elsewhere; nil: what the server has, or nothing.
    private let stageCertificates: CertificateFiles?
    private let spans: SpanExporter?
    private let power: PowerSampler
    private let services: [Wire.Service]
    /// Set when every kind of stage has served.
    private let hasServed = Promise<Void>()

    /// For stages that have nothing in flight any more.
    private static let stopGrace = Duration.seconds(5)
    /// Callers beyond the admission queue: they are refused with numbers, not by the server's own limit.
    private static let spare = 1024

    /// Prepares the run directory and binds the address; starts nothing.
    public init(_ configuration: GatewayConfiguration) throws {
        let folder = configuration.server.runFolder
        try folder.prepare()
        if let state = configuration.stateDirectory { try StateDirectory.prepare(state) }
        let digest = configuration.plan.digest
        let plan = Self.remembered(configuration, digest, folder)
        let (options, door) = try Self.addresses(configuration.server, in: folder)
        let server = try StageServer(
            kind: "gateway", options: options, door: door, keys: configuration.keys, certificateIsEnough: false, capacity: plan.queue + Self.spare,
            connectionAge: configuration.connectionAge, drainDeadline: plan.drainDeadline)
        let logger = server.logger
        let stageTLS = configuration.stageTLS
        let stageCertificates: CertificateFiles? =
            if let certificate = stageTLS.certificate, let key = stageTLS.key {
                try CertificateFiles(certificate: certificate, key: key, logger: logger)
            } else { nil }
        let speaksTLS = plan.remote.contains(where: \.isEncrypted)
        let tls = speaksTLS ? try ClientTLS(authorities: stageTLS.authorities, own: stageCertificates ?? server.certificates) : nil
        let state = configuration.stateDirectory ?? folder.path
        let needed = NeededKinds(
            own: plan.kinds, said: plan.expected, told: configuration.isPrivate ? [:] : KindsFile.load(state), origins: plan.remote)
        let fleet = Fleet(
            folder: folder, origins: plan.remote, needed: needed,
            keepKinds: { if !configuration.isPrivate { KindsFile.keep($0, state, logger) } }, tls: tls, models: plan.models,
            pipelines: plan.pipelines, mixing: configuration.mixing, timing: configuration.timing, logger: logger)
        let supervisor = Supervisor(
            folder: folder, fleet: fleet, common: configuration.stageArguments, lifeline: configuration.isPrivate, logger: logger)
        let usage = KeyUsage(folder: state, logger: logger)
        let runner = PipelineRunner(fleet: fleet, timing: configuration.timing, limit: plan.queue)
        let audit = try AuditTrail(configuration.audit, logger: logger)
        let imageService = ImageService(runner: runner, planned: plan.planned, labels: configuration.labels, logger: logger)
        let answerService = AnswerService(runner: runner, logger: logger)
        let roots =
            configuration.modelRoots.isEmpty ? ModelRoots(besides: plan.stages.map(\.folder)) : ModelRoots(configuration.modelRoots)
        let operations = Operations(fleet: fleet, supervisor: supervisor, logger: logger, roots: roots, place: configuration.place) {
            stages, models in
            try FleetState(plan: digest, stages: stages, models: models).save(folder.path)
        }
        let jobs =
            configuration.isPrivate
            ? nil
            : JobRunner(
                store: try configuration.jobs.store(plan.jobs, in: state), images: configuration.jobs.images, imageService: imageService,
                audit: audit, bounds: plan.jobs, logger: logger)
        let readiness = Readiness(fleet: fleet, jobs: jobs, audit: audit)
        let report = FleetReport(
            fleet: fleet, supervisor: supervisor, runner: runner, imageService: imageService, answerService: answerService, jobs: jobs,
            readiness: readiness)
        let httpServer = Promise<HTTPServer>()
        let gateway = GatewayService(imageService: imageService, answerService: answerService, audit: audit, gate: server.gate) {
            server.description()
        } report: {
            var status = await report.status(server.description())
            // Over HTTP nobody can be told that HTTP is lost.
            if let problem = httpServer.current?.problem { status.problems.append(problem) }
            return status
        }
        let jobsService = jobs.map { JobsService($0, access: server.access, usage: usage) }
        let operationsService = OperationsService(operations)
        let http = try configuration.http.map { http in
            var settings = http.settings
            settings.largestArea = plan.planned.pixels
            let tls = try server.makeTLS(["h2", "http/1.1"])
            let door = HTTPDoor(
                gateway: gateway, operations: operationsService, jobs: jobsService, access: server.access, usage: usage, settings: settings,
                address: { http.url(port: httpServer.current?.listeningPort ?? http.port, isEncrypted: tls != nil) }, logger: logger)
            return try Self.http(http, tls, configuration.connectionAge, report, readiness, server, door)
        }
        if let http { httpServer.fulfil(http) }
        services =
            [.gateway(MeteredGateway(gateway: gateway, usage: usage)), .operations(operationsService)]
            + (jobsService.map { [.jobs($0)] } ?? [])
        (self.folder, self.plan, self.keepStages, self.spans) = (folder, plan, configuration.keepStages, configuration.spans)
        (self.server, self.fleet, self.supervisor, self.jobs, self.http) = (server, fleet, supervisor, jobs, http)
        (self.readiness, self.stageCertificates) = (readiness, stageCertificates)
        power = PowerSampler(account: runner.energy)
    }

    /// Serves until the process is told to end; then ends the stages that it keeps alive, unless they are to live on.
    /// - Throws: why a part failed, after the others have ended.
    public func run() async throws {
        try await ProcessGroup(parts, server: server) {
            try await server.run(services, problems: { await readiness.problems }, onDrain: { http?.handOver() }) {
                try await allKindsServe()
                tellReadiness(await fleet.readiness)
                hasServed.fulfil(())
                return StageModel()
            }
        }.run()
        if !keepStages { FleetState.remove(folder.path) }
    }

    /// In the order in which they depend on each other; they end in the reverse of it.
    private var parts: [ProcessGroup.Part] {
        var parts: [ProcessGroup.Part] = []
        func add(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
            parts.append(ProcessGroup.Part(name, logger: server.logger, body))
        }
        // First, so that it ends last: the others still end spans.
        if let spans { add("traces") { try await spans.run(server.logger) } }
        if let stageCertificates { add("stage certificates") { try await untilShutdown { await stageCertificates.run() } } }
        if let http {
            add("http") {
                try await http.run()
                // It has handed its sockets over: no reason for the process to end before it is told to.
                try? await gracefulShutdown()
            }
        }
        add("power") { try await untilShutdown { await power.run() } }
        add("fleet watch") { try await untilShutdown { try await fleet.run() } }
        if !names.isEmpty {
            add("names of stages") { try await untilShutdown { await Resolver(names: names, fleet: fleet, logger: server.logger).run() } }
        }
        add("readiness") {
            try await untilShutdown {
                guard await hasServed.value != nil else { return }
                await fleet.followReadiness(tellReadiness)
            }
        }
        add("supervision") { try await supervise() }
        if let jobs {
            add("jobs") {
                try await untilShutdown {
                    await fleet.ready()
                    try await jobs.run()
                }
            }
        }
        return parts
    }

    private var names: [StageName] { plan.remote.compactMap { if case .name(let name) = $0 { name } else { nil } } }

    /// To balancers by the health service, and to people by the log.
    private func tellReadiness(_ problem: String?) {
        let wasFit = server.health.isFit
        server.health.isFit = problem == nil
        if let problem, wasFit {
            server.logger.warning("not ready", metadata: ["problem": "\(problem)"])
        } else if problem == nil, !wasFit {
            server.logger.notice("ready: all kinds of stages that are needed serve")
        }
    }

    private func supervise() async throws {
        for stage in plan.stages { await supervisor.keep(stage) }
        try? await gracefulShutdown()
        // Stages of a fleet that has never served are of no use to the next gateway.
        guard !keepStages || hasServed.current == nil else { return }
        await supervisor.stop(grace: server.isAborted ? .zero : Self.stopGrace)
    }

    /// Returns when each kind has a stage that serves; throws the reason when a stage is abandoned before.
    private func allKindsServe() async throws {
        try await race {
            await fleet.served(plan.kinds)
        } _: {
            if let reason = await supervisor.firstFailure.value { throw LaunchError(.endedEarly, reason) }
        }
    }
}

extension GatewayProcess {
    /// The plan as operators have changed it since it was begun with.
    private static func remembered(_ configuration: GatewayConfiguration, _ digest: String, _ folder: RunDirectory) -> FleetPlan {
        guard !configuration.isPrivate, let state = FleetState.load(folder.path, plan: digest) else { return configuration.plan }
        var plan = configuration.plan
        plan.stages = state.stages
        plan.models = state.models
        return plan
    }

    /// The only gateway of a folder is `gateway.sock`. A gateway that listens on TCP has its socket beside it: operators come that way.
    private static func addresses(_ options: ServerOptions, in folder: RunDirectory) throws -> (ServerOptions, door: Address?) {
        let own =
            options.instance == "0" ? Address.unix(path: "\(folder.path)/gateway.sock") : folder.address(kind: "gateway", instance: options.instance)
        guard let listen = options.listen else {
            var options = options
            options.listen = "\(own)"
            return (options, nil)
        }
        if case .tcp = try Address(parsing: listen) { return (options, own) }
        return (options, nil)
    }

    /// Metrics, health and the API.
    private static func http(
        _ http: GatewayConfiguration.HTTP, _ tls: ServerTLS?, _ age: ConnectionAge, _ report: FleetReport, _ readiness: Readiness,
        _ server: StageServer, _ door: HTTPDoor
    ) throws -> HTTPServer {
        let isLoopback = http.address.isLoopback
        let telemetry = TelemetryAnswers(
            registry: http.registry, collect: { await report.samples(server.description()) },
            ready: {
                let problems = await readiness.obstacles
                return problems.isEmpty ? .well : .unwell(problems.joined(separator: "; "))
            })
        return try HTTPServer(
            host: http.host, port: http.port, inherited: server.inherited(http.address), tls: tls,
            onListening: {
                let url = http.url(port: $0, isEncrypted: tls != nil)
                server.logger.notice("metrics, health and the API are served over HTTP", metadata: ["address": "\(url)"])
            }, connectionAge: age.draw, logger: server.logger
        ) { request, peer in
            // On this machine, those who may see the fleet are not told apart from those who may not; a public address is that of a proxy here.
            if TelemetryAnswers.isForMetrics(request), !isLoopback || http.settings.publicURL != nil,
                let refusal = await door.refusal(ofMetrics: request, from: peer)
            {
                return refusal
            }
            if let response = await telemetry.respond(to: request) { return response }
            return await door.respond(request, from: peer)
        }
    }
}
