import Processes
import ArgumentParser
import Foundation
import Gateway
import Jobs
import Logging
import Metrics
import Domain
import ServerKit
import Telemetry
import Wire

extension GatewayCommand {
    /// Serves until the process is told to end; then ends the stages that it keeps alive.
    func serve() async throws {
        let folder = server.runFolder
        defer { if removeRunDirectory { PrivateFolder.remove(folder.path) } }
        try folder.prepare()
        let arrangement = try arrangement()
        let digest = arrangement.fleet.digest
        let plan = remembered(arrangement.fleet, digest, folder)

        let process = try StageServer(kind: "gateway", options: options(in: folder), capacity: plan.queue + Self.spare)
        let timing = FleetTiming(probeInterval: .seconds(probeInterval), stall: stallLimit.map { .seconds($0) })
        let fleet = Fleet(folder: folder, remote: plan.remote, pipeline: plan.pipeline, timing: timing, logger: process.logger)
        let supervisor = Supervisor(folder: folder, fleet: fleet, common: stageArguments, lifeline: server.exitWithParent, logger: process.logger)
        let pictures = Pictures(fleet: fleet, timing: timing, planned: plan.planned, limit: plan.queue, logger: process.logger)
        let operations = Operations(fleet: fleet, supervisor: supervisor, logger: process.logger, place: arrangement.place) { stages, pipeline in
            try FleetState(plan: digest, stages: stages, pipeline: pipeline).save(folder.path)
        }
        // A private fleet ends with the one who started it: nobody could come back for a job.
        let jobs =
            server.exitWithParent ? nil : JobRunner(store: try jobStore(folder), pictures: pictures, kept: plan.jobsKept, logger: process.logger)
        let report = FleetReport(fleet: fleet, supervisor: supervisor, pictures: pictures, jobs: jobs)
        let gateway = GatewayService(pictures: pictures, gate: process.gate) {
            process.description()
        } report: {
            await report.status(process.description())
        }
        var services: [Service] = [.gateway(gateway), .operations(OperationsService(operations))]
        if let jobs { services.append(.jobs(JobsService(jobs))) }

        let telling = try await tell(report, fleet, plan.kinds, process)
        let following = Task { try await fleet.run() }
        let working = Task { [jobs] in
            await fleet.served(plan.kinds)
            try await jobs?.run()
        }
        defer {
            following.cancel()
            telling?.cancel()
        }
        do {
            try await process.run(services) {
                for stage in plan.stages { await supervisor.keep(stage) }
                try await served(plan.kinds, fleet, supervisor)
                return StageModel()
            }
        } catch {
            working.cancel()
            await supervisor.stop(grace: Self.stopGrace)
            throw error
        }
        working.cancel()
        _ = await working.result
        guard !keepStages else { return }
        await supervisor.stop(grace: Self.stopGrace)
        FleetState.remove(folder.path)
    }

    /// The plan as operators have changed it since it was begun with. A private fleet leaves nothing behind to remember.
    private func remembered(_ plan: FleetPlan, _ digest: String, _ folder: RunDirectory) -> FleetPlan {
        guard !server.exitWithParent, let state = FleetState.load(folder.path, plan: digest) else { return plan }
        var plan = plan
        plan.stages = state.stages
        plan.pipeline = state.pipeline
        return plan
    }

    private func jobStore(_ folder: RunDirectory) throws -> JobStore {
        // systemd may name several folders, colons between.
        let standard = ProcessInfo.processInfo.environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
        let state = stateDirectory ?? standard ?? folder.path
        return try JobStore(path: "\(state)/jobs.sqlite")
    }

    /// Metrics and health over HTTP, where they are asked for. Returns when the port is open.
    private func tell(_ report: FleetReport, _ fleet: Fleet, _ kinds: Set<StageKind>, _ process: StageServer) async throws -> Task<Void, any Error>? {
        guard let http, case .tcp(let host, let port) = try Address(parsing: http) else { return nil }
        let registry = MetricsRegistry(GatewayMetrics.descriptions)
        MetricsSystem.bootstrap(registry)
        let server = try TelemetryServer(
            host: host, port: port, registry: registry, collect: { await report.samples(process.description()) },
            ready: { await fleet.readiness(kinds).map { .unwell($0) } ?? .well }, logger: process.logger)
        let opened = Promise<Result<Int, any Error>>()
        let telling = Task {
            do {
                try await server.run { opened.fulfil(.success($0)) }
            } catch {
                opened.fulfil(.failure(error))
                throw error
            }
        }
        if let port = try await opened.value?.get() {
            process.logger.notice("metrics and health are told", metadata: ["address": "http://\(host):\(port)"])
        }
        return telling
    }

    /// Returns when each kind has a stage that serves; throws the reason when a stage is given up before.
    private func served(_ kinds: Set<StageKind>, _ fleet: Fleet, _ supervisor: Supervisor) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await fleet.served(kinds) }
            group.addTask {
                if let reason = await supervisor.firstFailure.value { throw LaunchError(.endedEarly, reason) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// For stages that have nothing in flight any more.
    private static let stopGrace = Duration.seconds(5)
    /// Callers beyond the line: they are refused with numbers, not by the server's own limit.
    private static let spare = 1024

    /// The only gateway of a folder is `gateway.sock`.
    private func options(in folder: RunDirectory) -> ServerOptions {
        var options = server
        if options.listen == nil, options.instance == "0" { options.listen = "unix:\(folder.path)/gateway.sock" }
        return options
    }
}
