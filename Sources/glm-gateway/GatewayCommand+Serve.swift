import Gateway
import StageKit
import Wire

extension GatewayCommand {
    /// Serves until the process is told to end; then ends the stages that it keeps alive.
    func serve() async throws {
        let folder = server.runFolder
        defer { if removeRunDirectory { PrivateFolder.remove(folder.path) } }
        try folder.prepare()
        var plan = try plan()
        let digest = plan.digest
        // A private fleet leaves nothing behind; every other may be followed by a gateway that has to know what became of it.
        if !server.exitWithParent, let state = FleetState.load(folder.path, plan: digest) {
            plan.stages = state.stages
            plan.pipeline = state.pipeline
        }
        let process = try StageServer(kind: "gateway", options: options(in: folder), capacity: plan.queue + Self.spare)
        let timing = FleetTiming(probeInterval: .seconds(probeInterval), stall: stallLimit.map { .seconds($0) })
        let fleet = Fleet(folder: folder, remote: plan.remote, pipeline: plan.pipeline, timing: timing, logger: process.logger)
        let supervisor = Supervisor(folder: folder, fleet: fleet, common: stageArguments, lifeline: server.exitWithParent, logger: process.logger)
        let pictures = Pictures(fleet: fleet, timing: timing, limit: plan.queue, logger: process.logger)
        let operations = Operations(fleet: fleet, supervisor: supervisor, logger: process.logger, place: place) { stages, pipeline in
            try FleetState(plan: digest, stages: stages, pipeline: pipeline).save(folder.path)
        }
        let report = FleetReport(fleet: fleet, supervisor: supervisor, pictures: pictures)
        let service = GatewayService(pictures: pictures, gate: process.gate) { process.description() } report: {
            await report.status(process.description())
        }

        let following = Task { try await fleet.run() }
        defer { following.cancel() }
        do {
            let plan = plan
            try await process.run([.gateway(service), .operations(OperationsService(operations))]) {
                for stage in plan.stages { await supervisor.keep(stage) }
                try await served(plan.kinds, fleet, supervisor)
                return StageModel()
            }
        } catch {
            await supervisor.stop(grace: Self.stopGrace)
            throw error
        }
        guard !keepStages else { return }
        await supervisor.stop(grace: Self.stopGrace)
        FleetState.remove(folder.path)
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
